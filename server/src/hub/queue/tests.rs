//! The queue under floods and slow readers.

use super::*;
use futures_util::FutureExt;

fn lines(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(*text)).collect()
}

// A reader that woke up for each line would write each alone.
#[tokio::test]
async fn a_reader_wakes_up_once_for_many_lines_and_only_when_it_is_told_to() {
    let (outbox, mut inbox) = queue(QUEUE_BYTES);
    let reader = tokio::spawn(async move {
        let first = inbox.next().await;
        (first, inbox.try_next(), inbox.try_next())
    });
    tokio::task::yield_now().await;
    let mut wakers = Wakers::default();
    for line in &lines(&["a", "b"]) {
        outbox.push([line], &mut wakers).unwrap();
        tokio::task::yield_now().await;
        assert!(!reader.is_finished());
    }
    assert_eq!(wakers.0.len(), 1);
    drop(wakers);
    let [a, b] = ["a", "b"].map(|text| Some(Arc::from(text)));
    assert_eq!(reader.await.unwrap(), (a, b, None));
}

// The attack: a reader that takes lines and sends none holds as much memory as one that does not
// read.
#[test]
fn the_limit_counts_what_the_reader_has_taken_but_not_sent() {
    let (outbox, mut inbox) = queue(2 * cost("xx"));
    let all = lines(&["xx", "xx", "xx"]);
    let mut wakers = Wakers::default();
    assert_eq!(outbox.push(&all, &mut wakers), Err(Overflow));
    assert!(inbox.try_next().is_some());
    outbox.push(&all[..1], &mut wakers).unwrap();
    assert_eq!(outbox.push(&all[..1], &mut wakers), Err(Overflow));
    assert!(inbox.try_next().is_some() && inbox.try_next().is_some());
    assert!(inbox.is_empty());
    assert_eq!(inbox.queue.event_bytes.load(Ordering::Relaxed), 0);
}

// A line that is allowed must not evict a client that reads.
#[test]
fn a_line_that_is_longer_than_the_queue_fits_alone() {
    let (outbox, mut inbox) = queue(10);
    let long = lines(&["longer than the queue"]);
    let mut wakers = Wakers::default();
    outbox.push(&long, &mut wakers).unwrap();
    assert_eq!(outbox.push(&long, &mut wakers), Err(Overflow));
    assert_eq!(inbox.next().now_or_never(), Some(long.into_iter().next()));
}

// Somebody who is kicked is still sent what was said before.
#[test]
fn what_waits_comes_before_the_end() {
    let (outbox, mut inbox) = queue(QUEUE_BYTES);
    assert_eq!(inbox.next().now_or_never(), None);
    let mut wakers = Wakers::default();
    outbox.push(&lines(&["last"]), &mut wakers).unwrap();
    outbox.close(&mut wakers);
    assert_eq!(inbox.next().now_or_never(), Some(Some("last".into())));
    assert_eq!(inbox.next().now_or_never(), Some(None));
}

// The attack: `typing` without a pause, which evicted 40 of 40 members.
#[test]
fn a_flood_of_droppable_events_is_dropped_and_evicts_nobody() {
    let (outbox, mut inbox) = queue(100 * cost("x"));
    let line = lines(&["x"]).remove(0);
    let mut wakers = Wakers::default();
    for _ in 0..10_000 {
        outbox.push_droppable(&line, &mut wakers);
    }
    outbox.push([&line], &mut wakers).unwrap();
    let waiting = std::iter::from_fn(|| inbox.try_next()).count();
    assert_eq!(waiting, 100 / DROPPABLE_SHARE + 1);
}

// An answer must not come before the event that it answers.
#[test]
fn replies_are_counted_apart_and_keep_their_order_among_events() {
    let (outbox, mut inbox) = queue(QUEUE_BYTES);
    let mut wakers = Wakers::default();
    outbox.push(&lines(&["event"]), &mut wakers).unwrap();
    outbox.reply("reply".into());
    outbox.push(&lines(&["later"]), &mut wakers).unwrap();
    assert_eq!(outbox.reply_bytes(), cost("reply"));
    let all: Vec<_> = std::iter::from_fn(|| inbox.try_next()).collect();
    assert_eq!(all, lines(&["event", "reply", "later"]));
    assert_eq!(outbox.reply_bytes(), 0);
}
