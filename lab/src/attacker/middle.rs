//! A man in the middle: a whole server towards the client and a whole client towards the server, with
//! a key of its own, that reads what passes and passes it on.

use shared::connection::{Client, ClientConfig, Observe, Server, ServerConfig, Trust, Version};
use shared::time::Time;

use super::{Attacker, Hands, Transit};
use crate::end::{End, Packet};
use crate::outcome::{Action, Fact, Learnt, Side};
use crate::seed::{Draws, Seed};
use crate::{LabError, keys};

/// The attacker's two ends.
pub(crate) struct Middle {
    /// The end that the client talks to.
    as_server: End<Server>,
    /// The end that the server talks to.
    as_client: End<Client>,
    /// The numbers of texts of each end that were passed on.
    passed: [usize; 2],
    /// `true` once that end's stream is to end.
    finished: [bool; 2],
    /// The texts that passed, in their order.
    texts: Vec<String>,
}

impl Middle {
    pub(crate) fn new(version: Version, seed: Seed) -> Result<Self, LabError> {
        let key = keys::attacker()?;
        let mut server = ServerConfig::new(key.public_key().clone());
        let mut client = ClientConfig::new(key.public_key().clone(), version, Trust::Any);
        (server.observe, client.observe) = (Observe::Frames, Observe::Frames);
        Ok(Self {
            as_server: End::server(
                server,
                key.clone(),
                seed,
                [Draws::AttackerAsServer, Draws::AttackerKey],
            ),
            as_client: End::client(
                client,
                key,
                seed,
                [Draws::AttackerAsClient, Draws::AttackerKey],
            ),
            passed: [0; 2],
            finished: [false; 2],
            texts: Vec::new(),
        })
    }

    /// Passes texts on, and then everything that the two ends have to send.
    fn pump(&mut self, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        let up = self.as_server.received.iter().skip(self.passed[0]);
        for text in up.cloned().collect::<Vec<_>>() {
            if !self.as_client.say(&text, now) {
                break;
            }
            self.passed[0] += 1;
            self.texts.push(text);
        }
        let down = self.as_client.received.iter().skip(self.passed[1]);
        for text in down.cloned().collect::<Vec<_>>() {
            if !self.as_server.say(&text, now) {
                break;
            }
            self.passed[1] += 1;
            self.texts.push(text);
        }
        for packet in self.as_server.flush(self.finished[0], now)? {
            give(packet, Side::Client, hands);
        }
        for packet in self.as_client.flush(self.finished[1], now)? {
            give(packet, Side::Server, hands);
        }
        Ok(())
    }
}

fn give(packet: Packet, to: Side, hands: &mut Hands) {
    match packet {
        Packet::Frame(frame) => hands.send(Action::Forges, None, to, frame.wire.clone()),
        Packet::Close(bytes) => hands.send(Action::Forges, None, to, bytes),
        Packet::EndOfStream => hands.end(to),
    }
}

impl Attacker for Middle {
    fn intercept(&mut self, frame: &Transit, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        hands.keep(Action::Holds, frame);
        match frame.from {
            Side::Client => self.as_server.receive(frame.bytes(), now)?,
            Side::Server => self.as_client.receive(frame.bytes(), now)?,
        }
        self.pump(hands, now)
    }

    fn end_of_stream(&mut self, from: Side, hands: &mut Hands, now: Time) -> Result<(), LabError> {
        match from {
            Side::Client => {
                self.as_server.end_of_stream(now)?;
                self.as_client.finish(now);
                self.finished[1] = true;
            }
            Side::Server => {
                self.as_client.end_of_stream(now)?;
                self.as_server.finish(now);
                self.finished[0] = true;
            }
        }
        self.pump(hands, now)
    }

    fn conclude(&mut self, _: &[Transit]) -> Result<Learnt, LabError> {
        let client = keys::client()?.public_key().fingerprint();
        let knows_client = self.as_server.saw().peer == Some(client);
        Ok(Learnt {
            texts: self.texts.clone(),
            facts: vec![Fact::new("sees_client_key", yes_no(knows_client))],
            evidence: Vec::new(),
        })
    }
}

pub(crate) fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
