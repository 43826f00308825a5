//! Relay a login: the client opens the attacker's own server, knowing whose it is, and the attacker
//! uses the login to be that client at another server.

use std::sync::Arc;

use shared::connection::{
    CheckName, ClientConfig, ClientConnection, Event, FrameKind, Observe, ObservedFrame,
    PrivateKeyRequest, PrivateKeyResponse, ServerConfig, Trust, Version,
};
use shared::crypto::cbc_hmac::{Sealer, SessionBlob};
use shared::crypto::rsa_public::oaep_encrypt;
use shared::error::ErrorCode;
use shared::time::Time;
use shared::v1::{announcement, handshake, message};

use super::{stopped, texts, undisturbed};
use crate::attacker::{Attacker, Hands, Transit};
use crate::end::{End, Packet};
use crate::outcome::{Action, Ending, Findings, Outcome, Side, Stopper};
use crate::scene::{Act, Explanation, HELLO, Plan, Scene, Setup};
use crate::seed::Draws;
use crate::{LabError, keys};

/// The text that the attacker sends in the client's name.
const FORGED: &str = "I quit.";

pub(super) static SCENE: Scene = Scene {
    name: "relay_login",
    title: "Relay a login",
    goal: "Take a login at the attacker's own server to another server, and be the client there.",
    choices: &[],
    setup,
    attack,
    achieved,
    expected,
    explanation,
};

fn achieved(outcome: &Outcome) -> bool {
    let client = keys::client().map(|key| key.public_key().fingerprint());
    outcome.server.peer == client.ok() && outcome.server.received == [FORGED]
}

fn setup(plan: &Plan) -> Result<Setup, LabError> {
    // The client has the attacker's server pinned, and talks to it as it wants to.
    let trust = Trust::Pinned(keys::attacker()?.public_key().fingerprint());
    let script = [
        Act::Say(Side::Client, HELLO),
        Act::Attack,
        Act::Finish(Side::Client),
    ];
    Setup::with(plan, trust, &script)
}

fn attack(plan: &Plan) -> Result<Box<dyn Attacker>, LabError> {
    Ok(match plan.version {
        Version::V1 => Box::new(RelayV1 {
            plan: *plan,
            sealer: None,
        }),
        Version::V2 => Box::new(RelayV2::new(plan)?),
    })
}

/// Passes the session on, encrypted anew.
struct RelayV1 {
    plan: Plan,
    sealer: Option<Sealer>,
}

impl Attacker for RelayV1 {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, _: Time) -> Result<(), LabError> {
        let key = keys::attacker()?;
        match frame.kind {
            FrameKind::Announcement => {
                hands.change(frame, announcement::encode(key.public_key()));
            }
            FrameKind::Handshake => {
                let missing = LabError::NoField("enc_session");
                let mut random = self.plan.seed.random(Draws::Attacker);
                let bytes = frame.bytes().strip_suffix(b"\n\n").unwrap_or_default();
                let login = handshake::decode(bytes).map_err(|_| missing.clone())?;
                let blob = key.decrypt(&login.enc_session, &mut random);
                let blob = blob.map_err(|_| missing.clone())?;
                let server = keys::server()?;
                let session = oaep_encrypt(server.public_key(), &blob, &mut random);
                let session = session.map_err(|_| missing)?;
                self.sealer = SessionBlob::from_bytes(&blob)
                    .ok()
                    .map(|it| Sealer::new(&it));
                // The signature is over the blob, which is the same: nothing in it is the server's.
                let relayed = handshake::encode(&session, &login.client_pub, &login.client_sig);
                hands.change(frame, relayed);
            }
            _ => hands.keep(Action::Holds, frame),
        }
        Ok(())
    }

    fn act(&mut self, hands: &mut Hands, _: Time) -> Result<bool, LabError> {
        if let Some(sealer) = &self.sealer {
            let mut forged = Vec::new();
            message::encode(sealer, FORGED.as_bytes(), &mut forged);
            hands.send(Action::Forges, None, Side::Server, forged);
        }
        Ok(false)
    }
}

/// A whole server for the client, and a client for the server that claims the client's key and shows
/// the signature that the client has made for the attacker's server.
struct RelayV2 {
    as_server: End<shared::connection::Server>,
    as_client: ClientConnection,
    /// The server wants the signature of the transcript.
    asked: bool,
}

impl RelayV2 {
    fn new(plan: &Plan) -> Result<Self, LabError> {
        let key = keys::attacker()?;
        let mut config = ServerConfig::new(key.public_key().clone());
        config.observe = Observe::Frames;
        let draws = [Draws::AttackerAsServer, Draws::AttackerKey];
        let as_server = End::server(config, key, plan.seed, draws);
        let claimed = keys::client()?.public_key().clone();
        let config = ClientConfig::new(claimed, Version::V2, Trust::Any);
        let random = plan.seed.random(Draws::AttackerAsClient);
        Ok(Self {
            as_server,
            as_client: ClientConnection::new(config, random, Time::default()),
            asked: false,
        })
    }

    /// Returns the client's signature, which the attacker's server has opened.
    fn signature(&self) -> Option<Vec<u8>> {
        let auth = |frame: &&Arc<ObservedFrame>| frame.kind == FrameKind::ClientAuth;
        let frame = self.as_server.frames.iter().find(auth)?;
        frame.layers().find_map(|layer| {
            let mut fields = layer.fields.iter();
            let field = fields.find(|field| field.def.name == "signature")?;
            layer.bytes.get(field.range.clone()).map(<[u8]>::to_vec)
        })
    }

    fn pump(&mut self, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        for packet in self.as_server.flush(false, now)? {
            match packet {
                Packet::Frame(frame) => {
                    hands.send(Action::Forges, None, Side::Client, frame.wire.clone());
                }
                Packet::Close(bytes) => hands.send(Action::Forges, None, Side::Client, bytes),
                Packet::EndOfStream => hands.end(Side::Client),
            }
        }
        while let Some(event) = self.as_client.poll_event() {
            self.asked |= matches!(event, Event::PrivateKey(PrivateKeyRequest::Sign { .. }));
        }
        if self.asked
            && let Some(signature) = self.signature()
        {
            self.asked = false;
            let signed = PrivateKeyResponse::Signed(Ok(signature));
            self.as_client.handle_private_key(signed, now);
            // If it is taken, the client is the attacker.
            let _ = self.as_client.send(FORGED.as_bytes(), now);
        }
        if let Some(bytes) = self.as_client.poll_transmit() {
            hands.send(Action::Forges, None, Side::Server, bytes);
        }
        Ok(())
    }
}

impl Attacker for RelayV2 {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        hands.keep(Action::Holds, frame);
        match frame.from {
            Side::Client => self.as_server.receive(frame.bytes(), now)?,
            Side::Server => self.as_client.handle_bytes(frame.bytes(), now),
        }
        self.pump(hands, now)
    }

    fn end_of_stream(&mut self, from: Side, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        match from {
            Side::Client => self.as_server.end_of_stream(now)?,
            Side::Server => self.as_client.handle_eof(),
        }
        self.pump(hands, now)
    }

    fn act(&mut self, hands: &mut Hands, now: Time) -> Result<bool, LabError> {
        self.pump(hands, now)?;
        Ok(false)
    }
}

fn expected(plan: &Plan) -> Findings {
    match plan.version {
        Version::V1 => Findings {
            client_received: Vec::new(),
            server_received: texts(&[FORGED]),
            achieved: true,
            ..undisturbed()
        },
        Version::V2 => Findings {
            client_ending: Ending::PeerClosed,
            ..stopped(
                Side::Server,
                Stopper::Check(CheckName::Signature),
                ErrorCode::HandshakeFailed,
            )
        },
    }
}

fn explanation(version: Version) -> Explanation {
    match version {
        Version::V1 => Explanation {
            why: "The client signs the session's keys, and not the server for which they are. Its \
                  server decrypts them, encrypts them to another server, and passes the signature on: \
                  there it is the client. So nobody is an operator over v1.",
            sections: &["1.3", "1.7"],
            references: &["Lowe, Inf. Process. Lett. 56 (1995)"],
        },
        Version::V2 => Explanation {
            why: "The client signs the transcript, in which the server's key and the ephemeral keys \
                  of both sides are. What it signed for the attacker's server is not the transcript \
                  of the other session, so that the signature is refused there.",
            sections: &["2.4", "2.6", "2.7"],
            references: &["Krawczyk, CRYPTO 2003 (SIGMA)", "RFC 8446 §4.4.3"],
        },
    }
}
