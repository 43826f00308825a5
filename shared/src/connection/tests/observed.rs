//! The records of observed frames: generated conversations of both versions, whose every byte has a
//! field, and whose frames can be made again from their fields.

use super::*;
use crate::connection::io::Io;
use crate::crypto::cbc_hmac::SESSION_BLOB_BYTES;
use crate::crypto::chacha20_poly1305::Key;
use crate::crypto::hkdf::Secret;
use crate::frame::assert_covered;
use crate::limits::RekeyLimits;
use crate::testing::v2_client_config;
use crate::v2::key_schedule::record_key;
use crate::wire::trace::Trace;

/// The number of generated conversations of each version.
pub(super) const ROUNDS: u8 = if cfg!(target_arch = "wasm32") { 4 } else { 24 };

/// A side that is observed, with everything that it has reported.
pub(super) struct Side<R> {
    pub(super) connection: Connection<R>,
    answers: Answerer,
    pub(super) frames: Vec<ObservedFrame>,
    sent: Vec<u8>,
    established: bool,
}

impl<R> Side<R> {
    pub(super) fn new(
        connection: Connection<R>,
        key: &'static crate::identity::PrivateKey,
    ) -> Self {
        Self {
            connection,
            answers: Answerer::new(key),
            frames: Vec::new(),
            sent: Vec::new(),
            established: false,
        }
    }

    pub(super) fn drain(&mut self, now: Time) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::Frame(frame) => self.frames.push(*frame),
                Event::PrivateKey(request) => {
                    let answer = self.answers.answer(&request);
                    self.connection.handle_private_key(answer, now);
                }
                Event::Established { .. } => self.established = true,
                _ => {}
            }
        }
    }

    fn of(&self, direction: Direction) -> impl Iterator<Item = &ObservedFrame> {
        self.frames
            .iter()
            .filter(move |frame| frame.direction == direction)
    }
}

/// Two observed sides, after a conversation that `seed` decides.
pub(super) fn conversation_of(
    version: Version,
    seed: u8,
    observe: Observe,
) -> (Side<Client>, Side<Server>) {
    let now = Time::default();
    let mut config = match version {
        Version::V1 => client_config(),
        Version::V2 => v2_client_config(),
    };
    let mut server = server_config();
    (config.observe, server.observe) = (observe, observe);
    // New keys after a few records, so that later epochs are seen too.
    config.limits.rekey = RekeyLimits {
        records: 3,
        ..RekeyLimits::default()
    };
    let client = ClientConnection::new(config, seeded(seed), now);
    let server = ServerConnection::new(server.into(), seeded(seed ^ 0x80), now);
    let (mut client, mut server) = (
        Side::new(client, client_key()),
        Side::new(server, server_key()),
    );
    let mut dice = seeded(seed ^ 0x40);
    let mut below = |end: usize| {
        let mut bytes = [0; 4];
        dice.fill(&mut bytes).unwrap();
        u32::from_le_bytes(bytes) as usize % end
    };
    for round in 0..12 {
        client.drain(now);
        server.drain(now);
        for _ in 0..below(4) {
            // Empty ones, short ones, and sometimes one that fills a record.
            let length = [0, below(70), below(70), 40_000][below(4)];
            let letter = b"abcdefgh"[below(8)];
            let message = vec![letter; length];
            if below(2) == 0 {
                let _ = client.connection.send(&message, now);
            } else {
                let _ = server.connection.send(&message, now);
            }
        }
        if round == 10 {
            client.connection.finish(now);
            server.connection.finish(now);
        }
        let up = client.connection.poll_transmit().unwrap_or_default();
        let down = server.connection.poll_transmit().unwrap_or_default();
        client.sent.extend_from_slice(&up);
        server.sent.extend_from_slice(&down);
        server.connection.handle_bytes(&up, now);
        client.connection.handle_bytes(&down, now);
    }
    client.drain(now);
    server.drain(now);
    assert!(client.established && server.established);
    (client, server)
}

/// A layer's name, its bytes, and the names and ends of its fields.
type Form = (LayerName, Vec<u8>, Vec<(&'static str, usize)>);

/// Returns the parts of a record that sender and receiver must agree on.
fn form(frame: &ObservedFrame) -> Vec<Form> {
    let fields = |layer: &Layer<'_>| {
        let fields = layer.fields.iter();
        fields
            .map(|field| (field.def.name, field.range.end))
            .collect()
    };
    frame
        .layers()
        .map(|layer| (layer.name, layer.bytes.to_vec(), fields(&layer)))
        .collect()
}

fn layer(frame: &ObservedFrame, name: LayerName) -> Option<Layer<'_>> {
    frame.layers().find(|layer| layer.name == name)
}

fn field<'a>(layer: &Layer<'a>, name: &str) -> &'a [u8] {
    let field = layer.fields.iter().find(|field| field.def.name == name);
    &layer.bytes[field.unwrap().range.clone()]
}

/// Makes a v2 frame again, from its fields and keys alone.
fn made_again(frame: &ObservedFrame) -> Vec<u8> {
    let wire = layer(frame, LayerName::Wire).unwrap();
    if frame.kind == FrameKind::Preface {
        return field(&wire, "preface").to_vec();
    }
    let Some(plaintext) = layer(frame, LayerName::Plaintext) else {
        let body = layer(frame, LayerName::Message).unwrap().bytes;
        return [field(&wire, "length"), field(&wire, "type"), body].concat();
    };
    let message = layer(frame, LayerName::Message).unwrap();
    let mut inner = message.bytes.to_vec();
    inner.extend_from_slice(field(&plaintext, "inner_type"));
    inner.extend_from_slice(field(&plaintext, "padding"));
    let header = [field(&wire, "length"), field(&wire, "type")].concat();
    let key = frame.keys.iter().find(|key| key.seq.is_some()).unwrap();
    let secret = key.value.as_deref().unwrap().try_into().unwrap();
    let nonce = key.nonce[..].try_into().unwrap();
    let cipher = Key::new(record_key(&Secret::new(secret)).as_bytes());
    let tag = cipher.seal_in_place(&nonce, &header, &mut inner);
    [&header[..], &inner, &tag].concat()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    append_base64(bytes, &mut text);
    text
}

/// Makes a v1 frame again, from its fields and the session's secrets alone.
fn made_again_v1(frame: &ObservedFrame, blob: &[u8]) -> Vec<u8> {
    match frame.kind {
        FrameKind::Message => {
            let message = layer(frame, LayerName::Message).unwrap();
            let sealer = Sealer::new(&SessionBlob::from_bytes(blob).unwrap());
            let mut made = Vec::new();
            message::encode(&sealer, message.bytes, &mut made);
            made
        }
        FrameKind::Handshake => {
            let decoded = layer(frame, LayerName::Ciphertext).unwrap();
            let mut parts = vec![b"{\"enc_session\": \"".to_vec()];
            parts.push(base64(field(&decoded, "enc_session")));
            parts.push(b"\", \"client_pub\": \"".to_vec());
            parts.push(base64(field(&decoded, "client_pub")));
            parts.push(b"\", \"client_sig\": \"".to_vec());
            parts.push(base64(field(&decoded, "client_sig")));
            parts.push(b"\"}\n\n".to_vec());
            parts.concat()
        }
        _ => {
            let wire = layer(frame, LayerName::Wire).unwrap();
            ["prefix", "server_pub", "terminator"]
                .map(|name| field(&wire, name))
                .concat()
        }
    }
}

portable_test! {
    fn every_byte_of_a_conversation_has_a_field_and_both_sides_see_the_same() {
        for (version, seed) in [Version::V1, Version::V2].into_iter()
            .flat_map(|version| (0..ROUNDS).map(move |seed| (version, seed)))
        {
            let (client, server) = conversation_of(version, seed, Observe::Frames);
            for frame in client.frames.iter().chain(&server.frames) {
                assert_covered(frame);
                assert_eq!(frame.verdict, Verdict::Accepted);
                assert!(frame.keys.iter().all(|key| key.value.is_none()), "no secrets unasked");
            }
            for (frames, sent) in [
                (client.of(Direction::Sent).collect::<Vec<_>>(), &client.sent),
                (server.of(Direction::Received).collect(), &client.sent),
                (server.of(Direction::Sent).collect(), &server.sent),
                (client.of(Direction::Received).collect(), &server.sent),
            ] {
                let wire: Vec<u8> = frames.iter().flat_map(|frame| frame.wire.clone()).collect();
                assert_eq!(&wire, sent);
            }
            // What a writer has built is what a reader reads.
            let ups = client.of(Direction::Sent).zip(server.of(Direction::Received));
            let downs = server.of(Direction::Sent).zip(client.of(Direction::Received));
            for (sent, received) in ups.chain(downs) {
                assert_eq!(form(sent), form(received), "{sent:?}");
                assert_eq!(sent.kind, received.kind);
                assert_eq!(format!("{:?}", sent.keys), format!("{:?}", received.keys));
            }
            for frames in [&client.frames, &server.frames] {
                let mut numbers: Vec<_> = frames.iter().map(|frame| frame.number).collect();
                numbers.sort_unstable();
                assert!(numbers.into_iter().eq(1..=frames.len() as u64));
            }
        }
    }

    fn a_frame_of_v2_is_made_again_from_its_fields() {
        for seed in 0..ROUNDS {
            let (client, server) = conversation_of(Version::V2, seed, Observe::WithSecrets);
            for frame in client.frames.iter().chain(&server.frames) {
                if frame.kind == FrameKind::Announcement {
                    assert_eq!(made_again_v1(frame, &[]), frame.wire);
                } else {
                    assert_eq!(made_again(frame), frame.wire, "{frame:?}");
                }
            }
            let keys: Vec<_> = client.frames.iter().flat_map(|frame| &frame.keys).collect();
            let of = |name: &str| keys.iter().filter(|key| key.name == name).count();
            assert_eq!((of("hs_c"), of("hs_s"), of("fin_c"), of("fin_s")), (2, 2, 1, 1));
            for key in keys {
                let (from, label) = match (key.name, key.epoch) {
                    ("hs_c", 0) => ("PRK", "c hs"),
                    ("hs_s", 0) => ("PRK", "s hs"),
                    ("fin_c", 0) => ("PRK", "c fin"),
                    ("fin_s", 0) => ("PRK", "s fin"),
                    ("ap_c", 0) => ("PRK", "c ap"),
                    ("ap_s", 0) => ("PRK", "s ap"),
                    ("ap_c", _) => ("ap_c", "rekey"),
                    other => panic!("{other:?}"),
                };
                assert_eq!((key.derived_from, key.label), (from, label));
            }
        }
    }

    fn a_frame_of_v1_is_made_again_from_its_fields() {
        for seed in 0..ROUNDS {
            let (client, server) = conversation_of(Version::V1, seed, Observe::WithSecrets);
            for side in [&client.frames, &server.frames] {
                let handshake = side.iter().find(|frame| frame.kind == FrameKind::Handshake);
                let blob = layer(handshake.unwrap(), LayerName::Plaintext).unwrap().bytes;
                assert_eq!(blob.len(), SESSION_BLOB_BYTES);
                let shown = format!("{:?}", layer(handshake.unwrap(), LayerName::Plaintext).unwrap());
                assert_eq!(shown, "Layer(plaintext, 48 bytes)", "no keys in a log");
                for frame in side {
                    assert_eq!(made_again_v1(frame, blob), frame.wire, "{frame:?}");
                }
            }
        }
    }

    fn json_of_any_form_is_covered_and_escaped_values_are_part_of_the_json() {
        let sealer = Sealer::new(&session_of_pair());
        let (cipher, tag) = sealer.seal(b"hello");
        let (cipher, tag) = (base64(&cipher), base64(&tag));
        let (cipher, tag) = (str::from_utf8(&cipher).unwrap(), str::from_utf8(&tag).unwrap());
        for (json, names) in [
            (format!("{{\"cipher\":\"{cipher}\",\"hmac\":\"{tag}\"}}"),
                &["json", "cipher", "json", "hmac", "json"][..]),
            (format!(" {{ \"x\": [1, \"y\"],\n \"hmac\" : \"{tag}\", \"cipher\": \"{cipher}\" }} "),
                &["json", "hmac", "json", "cipher", "json"]),
            (format!("{{\"cipher\":\"{}\",\"hmac\":\"{tag}\"}}", cipher.replace('=', "\\u003d")),
                &["json", "hmac", "json"]),
        ] {
            let mut io = Io::new(Observe::Frames);
            io.begin([json.as_bytes(), b"\n\n"], Time::default());
            let opened = message::read(&sealer, json.as_bytes(), &mut io.trace).unwrap();
            assert_eq!(*opened, b"hello");
            io.finish(None);
            let Some(Event::Frame(frame)) = io.events.pop_front() else { panic!("no frame") };
            assert_covered(&frame);
            let wire = layer(&frame, LayerName::Wire).unwrap();
            let found: Vec<_> = wire.fields.iter().map(|field| field.def.name).collect();
            assert_eq!(found, [names, &["terminator"]].concat(), "{json}");
        }
    }

    fn a_refused_frame_has_the_check_and_the_place() {
        use CheckName::*;
        let blob = session_of_pair();
        let sealer = Sealer::new(&blob);
        let (cipher, mut tag) = sealer.seal(b"hello");
        tag[0] ^= 1;
        let message = |frame: &[u8]| refused(&[&handshake_over(&blob.to_bytes())[..], frame].concat());
        assert_eq!(message(&message_frame(&cipher, &tag)), (MessageOpens, LayerName::Ciphertext, 16));
        assert_eq!(message(b"{\"cipher\":\"*\",\"hmac\":\"\"}\n\n"), (Base64, LayerName::Wire, 11));
        assert_eq!(message(b"{\"cipher\":\"\",\"hmac\":\"*\"}\n\n"), (Base64, LayerName::Wire, 21));
        assert_eq!(message(b"{\"cipher\":\"\"}\n\n"), (Json, LayerName::Wire, 13));
        assert_eq!(message(b" []\n\n"), (Json, LayerName::Wire, 1));
        assert_eq!(message(b"{\"cipher\": 7}\n\n").0, Json);
        let long = vec![b'x'; MESSAGE_FRAME_BYTES + 1];
        assert_eq!(message(&long), (V1FrameLength, LayerName::Wire, MESSAGE_FRAME_BYTES));

        let wrong_key = handshake::encode(&[1; 256], client_key().public_key(), &[2; 256]);
        assert_eq!(refused(&wrong_key), (SessionDecrypts, LayerName::Ciphertext, 0));
        assert_eq!(refused(&handshake_over(&[7; 47])), (SessionBlobLength, LayerName::Ciphertext, 0));
        let enc_session = oaep_encrypt(server_key().public_key(), &[7; 48], &mut seeded(6)).unwrap();
        let pem = client_key().public_key().to_spki_pem().len();
        let unsigned = handshake::encode(&enc_session, client_key().public_key(), &[2; 256]);
        assert_eq!(refused(&unsigned), (SessionSignature, LayerName::Ciphertext, 256 + pem));
        let no_key = b"{\"enc_session\":\"\",\"client_sig\":\"\",\"client_pub\":\"\"}\n\n";
        assert_eq!(refused(no_key), (ClientKeyForm, LayerName::Wire, 48));
        assert_eq!(refused(b"hello\n\n"), (Json, LayerName::Wire, 0));
        assert_eq!(refused(&vec![b'{'; HANDSHAKE_FRAME_BYTES + 1]).0, V1FrameLength);
    }

    fn a_server_without_v1_names_that_check() {
        let mut config = server_config();
        (config.observe, config.allow_v1) = (Observe::Frames, false);
        let server = ServerConnection::new(config.into(), seeded(9), Time::default());
        let mut side = Side::new(server, server_key());
        side.connection.handle_bytes(b"{}", Time::default());
        side.drain(Time::default());
        assert_eq!(place(&side.frames), (CheckName::V1Allowed, LayerName::Wire, 0));
        // The error frame comes after the frame that it answers.
        let kinds: Vec<_> = side.frames.iter().map(|frame| frame.kind).collect();
        assert_eq!(kinds, [FrameKind::Announcement, FrameKind::Unopened, FrameKind::Error]);
    }

    fn bytes_that_are_too_many_come_behind_the_handshake_that_they_wait_for() {
        let now = Time::default();
        let mut config = server_config();
        config.observe = Observe::Frames;
        let server = ServerConnection::new(config.into(), seeded(9), now);
        let mut side = Side::new(server, server_key());
        let handshake = handshake_over(&session_of_pair().to_bytes());
        side.connection.handle_bytes(&handshake, now);
        side.connection.handle_bytes(&vec![b'x'; MESSAGE_FRAME_BYTES + 3], now);
        side.drain(now);
        side.frames.iter().for_each(assert_covered);
        let kinds: Vec<_> = side.frames.iter().map(|frame| frame.kind).collect();
        assert_eq!(kinds, [
            FrameKind::Announcement, FrameKind::Handshake, FrameKind::Unopened, FrameKind::Error,
        ]);
        assert_eq!(place(&side.frames), (CheckName::PendingBytes, LayerName::Wire, 0));
    }

    fn an_answer_of_the_wrong_kind_is_no_verdict() {
        let now = Time::default();
        let mut config = server_config();
        config.observe = Observe::Frames;
        let mut connection = ServerConnection::new(config.into(), seeded(9), now);
        connection.handle_bytes(&handshake_over(&[7; 47]), now);
        connection.handle_private_key(PrivateKeyResponse::Signed(Ok(Vec::new())), now);
        let mut side = Side::new(connection, server_key());
        side.drain(now);
        assert_eq!(place(&side.frames), (CheckName::SessionBlobLength, LayerName::Ciphertext, 0));
    }

    fn an_unobserved_connection_records_nothing() {
        let io = Io::new(Observe::Nothing);
        assert!(!io.new_trace().records() && !Trace::none().records() && !io.spans().records());
    }
}

/// Returns the check that an observed server names for this handshake and what is behind it.
fn refused(bytes: &[u8]) -> (CheckName, LayerName, usize) {
    let now = Time::default();
    let mut config = server_config();
    config.observe = Observe::Frames;
    let server = ServerConnection::new(config.into(), seeded(9), now);
    let mut side = Side::new(server, server_key());
    side.connection.handle_bytes(bytes, now);
    side.drain(now);
    side.frames.iter().for_each(assert_covered);
    place(&side.frames)
}

fn place(frames: &[ObservedFrame]) -> (CheckName, LayerName, usize) {
    let refused = frames.iter().find_map(|frame| match &frame.verdict {
        Verdict::Refused {
            check,
            layer,
            offset,
            ..
        } => Some((*check, *layer, *offset)),
        Verdict::Accepted => None,
    });
    refused.unwrap()
}
