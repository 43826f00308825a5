//! Plaintexts of a client: each is charged, and starts a request or a line.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use shared::chat::plain::ClientLine;
use shared::chat::{ChatErrorCode, ClientMessage};
use tokio::time::Instant;

use super::{Completed, Listening, Pending, Session};
use crate::hub::encoding::Mode;
use crate::hub::requests::{self, Effect, Rejection};
use crate::rates::{RateClass, TooFast};
use crate::telemetry::{self, Span};

/// Rejections for speed in a row after which a connection is not handled for [`PAUSE`]: a client
/// that ignores `retry_after` must not cost a rejection for each request.
const PATIENCE_REJECTIONS: u32 = 20;

/// The time for which such a connection is not handled.
const PAUSE: Duration = Duration::from_secs(1);

impl Session {
    /// Takes a plaintext. One that is not UTF-8 or too long is answered, and nothing is done.
    ///
    /// The caller asks [`Self::wants_more`] before every plaintext, also before the next one of the
    /// same record.
    pub fn handle(&mut self, plaintext: &[u8]) {
        if self.listening != Listening::Yes {
            return;
        }
        let Ok(text) = std::str::from_utf8(plaintext) else {
            // Charged as a request is: a flood of noise would otherwise get an answer for each
            // line.
            if self.charge_noise() {
                self.reject_line("Your line is not UTF-8 text. It was not delivered.");
            }
            return;
        };
        let line = ClientLine::parse(text);
        if line == ClientLine::Object {
            self.become_json();
            return match ClientMessage::parse(text) {
                Ok(message) => self.request(message),
                Err(unreadable) => self.reject_noise(Rejection::unreadable(unreadable)),
            };
        }
        match self.mode {
            Some(Mode::Json) => {
                let message = "This connection speaks JSON; your line was not delivered.";
                self.reject_noise(Rejection::new(ChatErrorCode::Malformed, message));
            }
            _ => self.handle_line(text, &line),
        }
    }

    /// Rejects a line in the form in which this connection speaks.
    fn reject_line(&mut self, text: &str) {
        if self.mode.is_none() {
            self.become_plain();
        }
        self.notice(text);
    }

    fn request(&mut self, message: ClientMessage) {
        let price = requests::Price::of(&message);
        let span = telemetry::request(requests::type_of(&message));
        if !self.greeted {
            match message {
                ClientMessage::Hello { .. } => self.greeted = true,
                ClientMessage::Ping => {}
                _ => {
                    span.rejected();
                    let rejection = Rejection::new(ChatErrorCode::HelloFirst, "Say hello first.");
                    return self.reject_noise(rejection);
                }
            }
        }
        if let Err(rejection) = self.check_admission(&message) {
            span.rejected();
            // Charged as noise, so that a key that waits does not get its rejections for nothing.
            return self.reject_noise(rejection.about(&price.about));
        }
        // Charged before anything is done: a request that comes too fast costs the server one
        // rejection.
        if let Err(too_fast) = self.charge(price.class, price.tokens) {
            span.rejected();
            let rejection = Rejection::too_fast(too_fast);
            return self.finish_early(rejection.about(&price.about));
        }
        // Reserved before it runs. When only finished replies were counted, 3,286 `hello` in one
        // record made the server build 800 MiB.
        let reserved = price.reply_bytes;
        let requester = Arc::clone(&self.requester);
        let work = requests::start(requester, message, self.log.is_some());
        let requester = Arc::clone(&self.requester);
        let about = price.about;
        self.spawn(span, reserved, async move {
            work.await.unwrap_or_else(|rejection| {
                telemetry::rejected();
                requester.reply(&rejection.about(&about).into_message());
                Effect::None
            })
        });
    }

    /// Takes tokens from the person's and the address's buckets. A connection that goes on without
    /// them is not handled for a while.
    pub(super) fn charge(&mut self, class: RateClass, tokens: u32) -> Result<(), TooFast> {
        let from = &self.requester;
        let charged = self
            .hub
            .rates()
            .check(class, tokens, from.user(), from.address);
        if charged.is_ok() {
            self.rejections = 0;
        } else {
            self.rejections += 1;
            if self.rejections >= PATIENCE_REJECTIONS {
                self.paused_until = Some(Instant::now() + PAUSE);
                self.rejections = 0;
            }
        }
        charged
    }

    /// Charges a plaintext that is no request. Returns `false` if it is not even answered: it has
    /// no id, so nobody could wait for the answer.
    pub(super) fn charge_noise(&mut self) -> bool {
        self.charge(RateClass::Ask, 1).is_ok()
    }

    fn reject_noise(&mut self, rejection: Rejection) {
        match self.charge(RateClass::Ask, 1) {
            Ok(()) => self.finish_early(rejection),
            Err(too_fast) => self.finish_early(Rejection::too_fast(too_fast)),
        }
    }

    fn finish_early(&mut self, rejection: Rejection) {
        self.requester.reply(&rejection.into_message());
    }

    /// Runs work beside the session, in `span`. Its first part runs at once, so that what it queues
    /// keeps the order of the requests.
    pub(super) fn spawn(
        &mut self,
        span: Span,
        reserved: usize,
        work: impl Future<Output = Effect> + Send + 'static,
    ) {
        let work: Pending = Box::pin(work.map(move |effect| Completed { reserved, effect }));
        let mut work = span.around(work);
        self.reserved += reserved;
        // Polled again, with the waker that counts, as soon as it is among the pending.
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(completed) => self.complete(completed),
            Poll::Pending => self.pending.push(work),
        }
    }

    pub(super) fn complete(&mut self, completed: Completed) {
        // Its replies are in the queue by now, and are counted there.
        self.reserved -= completed.reserved;
        match completed.effect {
            Effect::None => {}
            Effect::CatchUp { room, sent } => self.catch_up_from(room, sent),
            Effect::StopCatchUp(room) => self.catch_up.stop(&room),
            Effect::Page(read) => self.take_page(read),
            Effect::LineDone(rejection) => self.line_done(rejection),
            Effect::Follow(log) => self.log = log,
        }
    }

    pub(super) fn quit(&mut self) {
        self.listening = Listening::Quit;
        // Deferred lines stand behind the `/quit` by now, and are not to be done any more.
        self.plain.clear();
    }
}
