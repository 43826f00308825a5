//! The states of a client's handshake: each is consumed by the transition to the next.

use crate::crypto::hkdf::Secret;
use crate::crypto::hmac_sha256;
use crate::crypto::ml_kem::DecapsulationKey;
use crate::crypto::rsa_private::OperationFailed;
use crate::crypto::x25519::EphemeralSecret;
use crate::error::{Error, LocalFailure, PeerMisbehaved};
use crate::frame::{LayerName, TERMINATOR};
use crate::identity::PublicKey;
use crate::random::Random;
use crate::v1::announcement;
use crate::v2::PREFACE;
use crate::v2::auth::{self, Prover};
use crate::v2::framing::FrameType;
use crate::v2::hello::{ClientHello, ServerHello};
use crate::v2::inner_type::InnerType;
use crate::v2::key_schedule::{ApplicationSecrets, FIN_C, FIN_S, HandshakeSecrets, Schedule};
use crate::v2::transcript::Transcript;
use crate::wire::fields::HMAC;
use crate::wire::trace::{KeyName, Trace};

/// The state after preface and hello: the server's announcement is due.
#[derive(Debug)]
pub(super) struct ExpectAnnouncement {
    x25519: EphemeralSecret,
    ml_kem: DecapsulationKey,
    /// The hello's frame, for the transcript.
    pub(super) hello: Vec<u8>,
}

impl ExpectAnnouncement {
    pub(super) fn start(random: &mut Random, trace: &mut Trace) -> Result<Self, Error> {
        let mut nonce = [0; 32];
        // The order of the draws is part of the test vectors (docs/vectors-v2.json).
        random.fill(&mut nonce)?;
        let x25519 = EphemeralSecret::generate(random)?;
        let ml_kem = DecapsulationKey::generate(random)?;
        let hello = ClientHello {
            random: &nonce,
            x25519: &x25519.public_key(),
            ml_kem: &ml_kem.encapsulation_key(),
        };
        let mut frame = Vec::new();
        hello.append(FrameType::ClientHello, &mut frame, trace);
        Ok(Self {
            x25519,
            ml_kem,
            hello: frame,
        })
    }

    pub(super) fn handle_announcement(
        self,
        frame: &[u8],
        trace: &mut Trace,
    ) -> Result<ExpectServerHello, Error> {
        let server = trace.read_terminated(frame, announcement::read)?;
        let mut transcript = Transcript::new();
        // The transcript's order is fixed, whichever of these came first in time (PROTOCOL.md
        // §2.4).
        for part in [frame, TERMINATOR, PREFACE, &self.hello] {
            transcript.absorb(part);
        }
        Ok(ExpectServerHello {
            server,
            transcript,
            x25519: self.x25519,
            ml_kem: self.ml_kem,
        })
    }
}

/// The state with an announced key that is not proven: the server's hello is due.
#[derive(Debug)]
pub(super) struct ExpectServerHello {
    server: PublicKey,
    transcript: Transcript,
    x25519: EphemeralSecret,
    ml_kem: DecapsulationKey,
}

impl ExpectServerHello {
    pub(super) fn handle_hello(
        mut self,
        hello: &ServerHello<'_>,
        frame: &[u8],
    ) -> Result<(ExpectServerAuth, HandshakeKeys), Error> {
        let x25519_shared = self
            .x25519
            .diffie_hellman(hello.x25519)
            .map_err(|_| PeerMisbehaved::LowOrderPoint)?;
        // This does not fail: a spoilt ciphertext gives another secret (FIPS 203 §6.3), and then
        // the first sealed record does not open.
        let ml_kem_shared = self.ml_kem.decapsulate(hello.ml_kem);
        self.transcript.absorb(frame);
        let schedule = Schedule::new(&ml_kem_shared, &x25519_shared);
        let HandshakeSecrets {
            client,
            server,
            client_finished,
            server_finished,
        } = schedule.handshake(&self.transcript.hash());
        let next = ExpectServerAuth {
            server: self.server,
            transcript: self.transcript,
            schedule,
            client_finished,
            server_finished,
        };
        Ok((next, HandshakeKeys { client, server }))
    }
}

/// The two secrets that seal the handshake.
pub(super) struct HandshakeKeys {
    pub(super) client: Secret,
    pub(super) server: Secret,
}

/// The first state with sealed records: the proof of the server's key is due.
#[derive(Debug)]
pub(super) struct ExpectServerAuth {
    server: PublicKey,
    transcript: Transcript,
    schedule: Schedule,
    client_finished: Secret,
    server_finished: Secret,
}

impl ExpectServerAuth {
    pub(super) fn handle_auth(
        mut self,
        content: &[u8],
        trace: &mut Trace,
    ) -> Result<ExpectServerFinished, Error> {
        // The signature covers the transcript before it, so its own message is absorbed afterwards.
        let th0 = self.transcript.hash();
        let server = trace.read(LayerName::Message, content, |reader| {
            Prover::Server.verify(reader, &th0, Some(&self.server))
        })?;
        self.transcript
            .absorb_sealed(InnerType::ServerAuth, content);
        Ok(ExpectServerFinished {
            server,
            transcript: self.transcript,
            schedule: self.schedule,
            client_finished: self.client_finished,
            server_finished: self.server_finished,
        })
    }
}

/// The state after the server's signature: the server's MAC of the handshake is due.
#[derive(Debug)]
pub(super) struct ExpectServerFinished {
    server: PublicKey,
    transcript: Transcript,
    schedule: Schedule,
    client_finished: Secret,
    server_finished: Secret,
}

impl ExpectServerFinished {
    pub(super) fn handle_finished(
        mut self,
        content: &[u8],
        trace: &mut Trace,
    ) -> Result<ExpectSignature, Error> {
        let th1 = self.transcript.hash();
        let key = &self.server_finished;
        trace.key(KeyName::new(&FIN_S), None, &[], Some(key));
        // The signature proves the key, and the MAC that the signer also has the handshake's
        // secrets.
        trace.read(LayerName::Message, content, |reader| {
            Prover::Server.verify_finished(reader, key, &th1)
        })?;
        self.transcript
            .absorb_sealed(InnerType::ServerFinished, content);
        Ok(ExpectSignature {
            server: self.server,
            transcript: self.transcript,
            schedule: self.schedule,
            client_finished: self.client_finished,
        })
    }
}

/// The state with a proven and accepted server: the local private key has to sign.
#[derive(Debug)]
pub(super) struct ExpectSignature {
    pub(super) server: PublicKey,
    transcript: Transcript,
    schedule: Schedule,
    client_finished: Secret,
}

/// The contents of the client's two proofs.
pub(super) struct Proof {
    pub(super) auth: Vec<u8>,
    pub(super) finished: [u8; 32],
}

impl ExpectSignature {
    /// Returns the bytes for the local private key to sign.
    pub(super) fn to_be_signed(&self, identity: &PublicKey) -> zeroize::Zeroizing<Vec<u8>> {
        Prover::Client.to_be_signed(&self.transcript.hash(), identity)
    }

    pub(super) fn handle_signature(
        mut self,
        signature: Result<Vec<u8>, OperationFailed>,
        identity: &PublicKey,
        [auth_trace, finished_trace]: &mut [Trace; 2],
    ) -> Result<(PublicKey, Proof, ApplicationSecrets), Error> {
        let signature = signature.map_err(|_| LocalFailure::PrivateKey)?;
        let auth = auth::encode(identity, &signature, auth_trace);
        self.transcript.absorb_sealed(InnerType::ClientAuth, &auth);
        let key = &self.client_finished;
        let finished = hmac_sha256::mac(key, &self.transcript.hash());
        finished_trace.key(KeyName::new(&FIN_C), None, &[], Some(key));
        finished_trace.one(LayerName::Message, &HMAC, finished.len());
        self.transcript
            .absorb_sealed(InnerType::ClientFinished, &finished);
        // After client_finished, so that the session's keys depend on every byte of the handshake.
        let secrets = self.schedule.application(&self.transcript.hash());
        Ok((self.server, Proof { auth, finished }, secrets))
    }
}
