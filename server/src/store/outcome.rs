//! The outcomes of requests: the commit, if there is one, and the answer to the requester.

use std::sync::{Mutex, PoisonError};

use shared::chat::Seq;
use shared::chat::server::RoomEntry;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::{Appended, Change, StoreError};
use crate::telemetry::{Stage, Stages};

/// A durable change of what the store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// An entry was appended. Those of one room come in the order of their numbers.
    Entry(RoomEntry),
    /// Something else has changed.
    Change(Change),
}

/// The outcome of one queued request, in the order of the requests.
///
/// The requester is answered when this is released or dropped. So a subscriber that applies first
/// and releases then never lets an answer come before its effect.
#[derive(Debug)]
pub struct Outcome {
    /// The change, or `None` if the request was rejected or changed nothing.
    pub committed: Option<Committed>,
    answer: Option<Answer>,
}

impl Outcome {
    pub(super) fn new(committed: Option<Committed>, answer: Answer) -> Self {
        Self {
            committed,
            answer: Some(answer),
        }
    }

    /// Enters a stage of its way to the requester.
    pub(crate) fn enter(&mut self, stage: Stage) {
        match &mut self.answer {
            Some(Answer::Appended(reply, _)) => reply.enter(stage),
            Some(Answer::Reserved(reply, _)) => reply.enter(stage),
            Some(Answer::Changed(reply, _)) => reply.enter(stage),
            None => {}
        }
    }

    /// Answers the requester.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        match self.answer.take() {
            // The requester may have gone; what is committed stays so.
            Some(Answer::Appended(reply, result)) => reply.send(result),
            Some(Answer::Reserved(reply, result)) => reply.send(result),
            Some(Answer::Changed(reply, result)) => reply.send(result),
            None => {}
        }
    }
}

/// A requester, who waits for a result, and the stages of the way to it.
#[derive(Debug)]
pub(super) struct Reply<T> {
    sender: oneshot::Sender<Answered<T>>,
    stages: Stages,
}

/// A result with the last stage, which ends when the requester goes on.
pub(super) type Answered<T> = (Result<T, StoreError>, Stages);

impl<T> Reply<T> {
    /// Creates a requester and what it waits with.
    pub(super) fn channel() -> (Self, oneshot::Receiver<Answered<T>>) {
        let (sender, receiver) = oneshot::channel();
        let stages = Stages::begin(Stage::StoreQueue);
        (Self { sender, stages }, receiver)
    }

    pub(super) fn enter(&mut self, stage: Stage) {
        self.stages.enter(stage);
    }

    /// Answers the requester, who may have gone.
    pub(super) fn send(self, result: Result<T, StoreError>) {
        let Self { sender, mut stages } = self;
        stages.enter(Stage::Ack);
        let _ = sender.send((result, stages));
    }
}

/// A result and who waits for it.
#[derive(Debug)]
pub(super) enum Answer {
    Appended(Reply<Appended>, Result<Appended, StoreError>),
    Reserved(Reply<Seq>, Result<Seq, StoreError>),
    Changed(Reply<()>, Result<(), StoreError>),
}

/// The one subscriber of a store's outcomes, if there is one.
#[derive(Debug, Default)]
pub(super) struct Subscription(Mutex<Option<UnboundedSender<Vec<Outcome>>>>);

impl Subscription {
    /// Begins a subscription, which takes the place of a former one.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<Vec<Outcome>> {
        // Unbounded, because the thread that writes must not wait for the hub. Requests are
        // answered from here, so that the number of unanswered ones bounds it.
        let (sender, receiver) = unbounded_channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Hands outcomes to the subscriber, and returns how many it has got; without one the requesters
    /// are answered at once.
    pub(super) fn publish(&self, outcomes: Vec<Outcome>) -> usize {
        let number = outcomes.len();
        // Sent under the lock: outcomes keep their order, whichever thread publishes.
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*sender {
            // A subscriber that is gone gives them back, and dropping them answers.
            Some(sender) if sender.send(outcomes).is_ok() => number,
            _ => 0,
        }
    }
}
