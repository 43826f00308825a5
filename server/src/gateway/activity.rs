//! The idle timeouts of an HTTP/2 connection. The protocol itself ends neither a silent connection nor
//! one whose client reads nothing.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::http::HEADER_TIMEOUT;
use crate::connection::WRITE_TIMEOUT;

/// The bytes of a body that are handed on at once: progress is seen piece by piece.
const PIECE: usize = 16 * 1024;

/// The activity of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Told when the connection may have to end earlier than before.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers are not taken yet.
    in_flight: usize,
    /// Requests that the connection may still have.
    left: usize,
    /// The last time at which a request came, or a piece of an answer was taken.
    last: Instant,
}

impl Activity {
    /// Creates the activity of a new connection that may have so many requests.
    pub(super) fn new(requests: usize) -> Self {
        let state = State {
            in_flight: 0,
            left: requests,
            last: Instant::now(),
        };
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// Notes a request, which lasts until the result is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let mut state = self.state();
        state.in_flight += 1;
        state.left = state.left.saturating_sub(1);
        state.last = Instant::now();
        if state.left == 0 {
            self.changed.notify_one();
        }
        drop(state);
        InFlight(Arc::clone(self))
    }

    /// Waits until the connection is silent, or has had all its requests.
    pub(super) async fn is_over(&self) {
        self.wait(|state| state.left == 0).await;
    }

    /// Waits until the connection is silent: it has no request for [`HEADER_TIMEOUT`], or takes
    /// nothing of what it has asked for during [`WRITE_TIMEOUT`].
    pub(super) async fn is_silent(&self) {
        self.wait(|_| false).await;
    }

    async fn wait(&self, is_over: impl Fn(&State) -> bool) {
        loop {
            let end = {
                let state = self.state();
                let patience = match state.in_flight {
                    0 => HEADER_TIMEOUT,
                    _ => WRITE_TIMEOUT,
                };
                let end = state.last + patience;
                if is_over(&state) || Instant::now() >= end {
                    return;
                }
                end
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep_until(end) => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose answer is not taken yet.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl InFlight {
    fn progress(&self) {
        self.0.state().last = Instant::now();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.last = Instant::now();
        if state.in_flight == 0 {
            // The next request is waited for less long.
            self.0.changed.notify_one();
        }
    }
}

/// The body of an answer, handed on piece by piece.
#[derive(Debug)]
pub(super) struct Paced {
    rest: Bytes,
    request: InFlight,
}

impl Paced {
    /// Creates the body of the answer to `request`.
    pub(super) fn new(content: Bytes, request: InFlight) -> Self {
        let rest = content;
        Self { rest, request }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        // Asked for when the client has room for more.
        self.request.progress();
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn nearly(time: Duration) -> Duration {
        time.saturating_sub(MOMENT)
    }

    async fn ends_within(activity: &Activity, time: Duration) -> bool {
        let over = tokio::time::timeout(time, activity.is_over());
        over.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_ends_sooner_than_one_that_takes_nothing() {
        let activity = Arc::new(Activity::new(10));
        assert!(!ends_within(&activity, nearly(HEADER_TIMEOUT)).await);
        let request = activity.begin();
        assert!(!ends_within(&activity, nearly(WRITE_TIMEOUT)).await);
        assert!(ends_within(&activity, 2 * MOMENT).await);
        drop(request);
        assert!(!ends_within(&activity, nearly(HEADER_TIMEOUT)).await);
        assert!(ends_within(&activity, 2 * MOMENT).await);
    }

    #[tokio::test(start_paused = true)]
    async fn each_piece_that_is_taken_is_progress() {
        let activity = Arc::new(Activity::new(10));
        let mut body = Paced::new(Bytes::from(vec![0; 3 * PIECE]), activity.begin());
        for _ in 0..3 {
            assert!(!ends_within(&activity, nearly(WRITE_TIMEOUT)).await);
            let piece = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            assert_eq!(piece.unwrap().unwrap().into_data().unwrap().len(), PIECE);
        }
        assert!(body.is_end_stream());
        // The end of the request is noticed by who waits already.
        let started = Instant::now();
        tokio::join!(activity.is_over(), async { drop(body) });
        assert_eq!(started.elapsed(), HEADER_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_so_many_requests() {
        let activity = Arc::new(Activity::new(2));
        drop(activity.begin());
        assert!(!ends_within(&activity, MOMENT).await);
        let last = activity.begin();
        assert!(ends_within(&activity, MOMENT).await);
        // It has the same time for its last answers.
        let silent = tokio::time::timeout(nearly(WRITE_TIMEOUT), activity.is_silent());
        assert!(silent.await.is_err());
        drop(last);
    }
}
