//! A run of a scene: two sides, the network between them, and the attacker in it.

use std::collections::VecDeque;

use shared::connection::{Client, Server};
use shared::time::Time;

use crate::attacker::{Attacker, Delivery, Hands, Transit};
use crate::end::{End, Packet};
use crate::limits::{IN_TRANSIT, STEPS};
use crate::outcome::{Deed, Ending, FrameId, Learnt, Outcome, Side, Stop};
use crate::scene::{Act, Plan, Scene};
use crate::seed::Draws;
use crate::{LabError, keys};

/// A thing that began a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A frame came to the attacker.
    Frame(FrameId),
    /// The end of a side's stream came to the attacker.
    StreamEnd(Side),
    /// A side sent a text.
    Said(Side, String),
    /// A side could not send a text, because its connection has ended.
    CouldNotSay(Side, String),
    /// A side has nothing more to send.
    Finished(Side),
    /// The attacker acted of its own accord.
    Attacker,
    /// The attacker looked through what it has.
    Concluded,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The number, from 1.
    pub number: usize,
    /// The time at the end of the step.
    pub at: Time,
    /// The thing that began it.
    pub cause: Cause,
    /// The attacker's deeds.
    pub deeds: Vec<Deed>,
    /// The texts that sides were given.
    pub delivered: Vec<(Side, String)>,
    /// The connections that ended.
    pub ended: Vec<(Side, Ending)>,
}

/// A run of one scene on one version, step by step.
pub struct Run {
    scene: &'static Scene,
    plan: Plan,
    now: Time,
    client: End<Client>,
    server: End<Server>,
    attacker: Box<dyn Attacker>,
    transit: VecDeque<(Side, Packet)>,
    script: VecDeque<Act>,
    /// Every frame that came to the attacker.
    tap: Vec<Transit>,
    steps: Vec<Step>,
    stop: Option<Stop>,
    refuses: Option<Stop>,
    learnt: Option<Learnt>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Run({}, {}, step {})",
            self.scene.name,
            self.plan.version,
            self.steps.len()
        )
    }
}

impl Run {
    /// Begins a run. Without a choice, a scene that offers some takes its first one.
    ///
    /// # Errors
    /// [`LabError::Choice`] if the scene does not offer the choice.
    pub fn new(scene: &'static Scene, plan: Plan) -> Result<Self, LabError> {
        let choice = match plan.choice {
            None => scene.choices.first().copied(),
            Some(choice) if scene.choices.contains(&choice) => Some(choice),
            Some(choice) => return Err(LabError::Choice(choice)),
        };
        let plan = Plan { choice, ..plan };
        let attacker = (scene.attack)(&plan)?;
        Self::with_attacker(scene, plan, attacker)
    }

    /// Begins a run with this attacker instead of the scene's.
    pub(crate) fn with_attacker(
        scene: &'static Scene,
        plan: Plan,
        attacker: Box<dyn Attacker>,
    ) -> Result<Self, LabError> {
        let setup = (scene.setup)(&plan)?;
        let client_draws = [Draws::Client, Draws::ClientKey];
        let server_draws = [Draws::Server, Draws::ServerKey];
        let mut run = Self {
            scene,
            plan,
            now: Time::default(),
            client: End::client(setup.client, keys::client()?, plan.seed, client_draws),
            server: End::server(setup.server, keys::server()?, plan.seed, server_draws),
            attacker,
            transit: VecDeque::new(),
            script: setup.script.into(),
            tap: Vec::new(),
            steps: Vec::new(),
            stop: None,
            refuses: setup.refuses,
            learnt: None,
        };
        run.flush([false; 2])?;
        Ok(run)
    }

    /// Begins the run anew.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn restart(&mut self) -> Result<(), LabError> {
        *self = Self::new(self.scene, self.plan)?;
        Ok(())
    }

    /// Runs all steps that are left, and returns the outcome.
    ///
    /// # Errors
    /// [`LabError`] if the scene passes a bound.
    pub fn run(&mut self) -> Result<Outcome, LabError> {
        while self.step()?.is_some() {}
        Ok(self.outcome())
    }

    /// Does the next step; `None` if there is none left.
    ///
    /// # Errors
    /// [`LabError`] if the scene passes a bound.
    pub fn step(&mut self) -> Result<Option<&Step>, LabError> {
        if self.learnt.is_some() {
            return Ok(None);
        }
        if self.steps.len() == STEPS {
            return Err(LabError::TooLong("steps"));
        }
        let received = [self.client.received.len(), self.server.received.len()];
        let closed = [self.client.is_closed(), self.server.is_closed()];
        let mut hands = Hands::default();
        let cause = self.next(&mut hands)?;
        let delivered = [
            (Side::Client, self.client.received.iter().skip(received[0])),
            (Side::Server, self.server.received.iter().skip(received[1])),
        ];
        let delivered = delivered
            .into_iter()
            .flat_map(|(side, texts)| texts.map(move |text| (side, text.clone())))
            .collect();
        let mut ended = Vec::new();
        if self.client.is_closed() && !closed[0] {
            ended.push((Side::Client, self.client.ending()));
        }
        if self.server.is_closed() && !closed[1] {
            ended.push((Side::Server, self.server.ending()));
        }
        self.notice();
        self.steps.push(Step {
            number: self.steps.len() + 1,
            at: self.now,
            cause,
            deeds: hands.deeds,
            delivered,
            ended,
        });
        Ok(self.steps.last())
    }

    /// Returns the steps that were done.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns `true` if no step is left.
    pub fn is_done(&self) -> bool {
        self.learnt.is_some()
    }

    /// Returns the scene.
    pub fn scene(&self) -> &'static Scene {
        self.scene
    }

    /// Returns the inputs, with the choice that was taken.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the outcome so far. It can be as expected once the run is done.
    pub fn outcome(&self) -> Outcome {
        let mut outcome = Outcome {
            scene: self.scene.name,
            version: self.plan.version,
            seed: self.plan.seed,
            choice: self.plan.choice,
            deeds: self
                .steps
                .iter()
                .flat_map(|step| step.deeds.clone())
                .collect(),
            client: self.client.saw(),
            server: self.server.saw(),
            stopped: self.stop,
            learnt: self.learnt.clone().unwrap_or_default(),
            achieved: false,
            as_expected: false,
            client_frames: self.client.frames.clone(),
            server_frames: self.server.frames.clone(),
        };
        outcome.achieved = (self.scene.achieved)(&outcome);
        outcome.as_expected = outcome.findings() == (self.scene.expected)(&self.plan);
        outcome
    }

    /// Returns everything that came to the attacker.
    #[cfg(test)]
    pub(crate) fn tap(&self) -> &[Transit] {
        &self.tap
    }

    /// Does what comes next: a frame that is on its way, then the script, then the attacker's look
    /// through its recording.
    fn next(&mut self, hands: &mut Hands) -> Result<Cause, LabError> {
        if let Some((from, packet)) = self.transit.pop_front() {
            let frame = match packet {
                Packet::Frame(frame) => Some(Transit::new(from, frame)),
                Packet::Close(bytes) => {
                    let frames = match from {
                        Side::Client => self.client.frames.len(),
                        Side::Server => self.server.frames.len(),
                    };
                    Some(Transit::close(from, frames, bytes))
                }
                Packet::EndOfStream => None,
            };
            let cause = if let Some(frame) = frame {
                self.attacker.intercept(&frame, hands, self.now)?;
                let id = frame.id();
                self.tap.push(frame);
                Cause::Frame(id)
            } else {
                self.attacker.end_of_stream(from, hands, self.now)?;
                Cause::StreamEnd(from)
            };
            self.deliver(hands)?;
            return Ok(cause);
        }
        let mut finished = [false; 2];
        let cause = match self.script.pop_front() {
            Some(Act::Say(side, text)) => {
                let said = match side {
                    Side::Client => self.client.say(text, self.now),
                    Side::Server => self.server.say(text, self.now),
                };
                let cause = if said {
                    Cause::Said
                } else {
                    Cause::CouldNotSay
                };
                cause(side, text.to_owned())
            }
            Some(Act::Finish(side)) => {
                match side {
                    Side::Client => self.client.finish(self.now),
                    Side::Server => self.server.finish(self.now),
                }
                finished[side as usize] = true;
                Cause::Finished(side)
            }
            Some(Act::Attack) => {
                if self.attacker.act(hands, self.now)? {
                    self.script.push_front(Act::Attack);
                }
                self.deliver(hands)?;
                Cause::Attacker
            }
            None => {
                self.learnt = Some(self.attacker.conclude(&self.tap)?);
                self.stop = self.stop.or(self.refuses);
                Cause::Concluded
            }
        };
        self.flush(finished)?;
        Ok(cause)
    }

    /// Does for the attacker what it wants of the network.
    fn deliver(&mut self, hands: &mut Hands) -> Result<(), LabError> {
        if hands.too_long {
            return Err(LabError::TooLong("bytes in one piece"));
        }
        for delivery in hands.deliveries.drain(..) {
            match delivery {
                Delivery::Bytes {
                    to: Side::Client,
                    bytes,
                } => self.client.receive(&bytes, self.now)?,
                Delivery::Bytes {
                    to: Side::Server,
                    bytes,
                } => self.server.receive(&bytes, self.now)?,
                Delivery::End { to: Side::Client } => self.client.end_of_stream(self.now)?,
                Delivery::End { to: Side::Server } => self.server.end_of_stream(self.now)?,
                Delivery::Wait(time) => {
                    self.now = self.now + time;
                    self.client.tick(self.now)?;
                    self.server.tick(self.now)?;
                }
            }
        }
        self.flush([false; 2])
    }

    /// Puts on the network what the sides have to send.
    fn flush(&mut self, finished: [bool; 2]) -> Result<(), LabError> {
        let up = self.client.flush(finished[0], self.now)?;
        let down = self.server.flush(finished[1], self.now)?;
        self.transit
            .extend(up.into_iter().map(|packet| (Side::Client, packet)));
        self.transit
            .extend(down.into_iter().map(|packet| (Side::Server, packet)));
        if self.transit.len() > IN_TRANSIT {
            return Err(LabError::TooLong("frames in transit"));
        }
        Ok(())
    }

    /// Notes what has stopped the attack. The first thing counts: what comes after is its effect.
    fn notice(&mut self) {
        if self.stop.is_some() {
            return;
        }
        // The server first: both sides notice at once only when their time is over, and there it is
        // the server that a slow attacker keeps busy.
        let noticed = [
            (Side::Server, self.server.noticed()),
            (Side::Client, self.client.noticed()),
        ];
        self.stop = noticed.into_iter().find_map(|(side, noticed)| {
            let (by, frame) = noticed?;
            Some(Stop { side, by, frame })
        });
    }
}
