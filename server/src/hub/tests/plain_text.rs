//! Plain-text clients, and clients that do not read.

use super::*;

// The attack among these lines: a control sequence, which would clear the terminals of others.
#[tokio::test]
async fn plain_clients_and_json_clients_share_the_lobby() {
    let hub = hub().await;
    let mut old = plain(hub, 1);
    assert!(
        hear_line(&mut old)
            .await
            .starts_with("* Welcome to the lobby, guest-")
    );
    let mut anna = person(hub, 2, "anna").await;
    join(&mut anna, "lobby").await;
    old.handle("hi\nall\u{1b}[2J".as_bytes());
    let heard = hear(&mut anna, "message").await;
    assert_eq!(heard["text"], "hi\nall[2J");
    say(&mut anna, &send("lobby", 1, "and you")).await;
    let mut lines = Vec::new();
    while lines
        .last()
        .is_none_or(|line: &String| line != "anna: and you")
    {
        lines.push(hear_line(&mut old).await);
    }
    let guest = old.name();
    assert!(lines.contains(&format!("{guest}: hi\nall[2J")), "{lines:?}");
    // Answers come in the order of what they answer.
    old.handle(b"one");
    old.handle(b"/who");
    old.handle(b"two");
    old.handle(b"/quit");
    old.handle(b"never");
    let mut lines = Vec::new();
    while let Due::Text(text) = next(&mut old).await {
        lines.push(text.to_string());
    }
    let who = lines
        .iter()
        .position(|line| line.starts_with("* 2 here: "))
        .unwrap();
    assert_eq!(lines[who - 1], format!("{guest}: one"));
    assert_eq!(
        lines[who + 1..],
        [format!("{guest}: two"), "* bye".to_owned()]
    );
}

// The attack: another key takes the name in other capitals.
#[tokio::test]
async fn a_line_goes_with_its_writers_name_and_a_name_with_its_key() {
    let hub = hub().await;
    let mut anna = plain(hub, 1);
    let guest = anna.name();
    anna.handle(b"/name anna");
    anna.handle(b"/name anna");
    anna.handle(b"/name an na");
    let mut lines = Vec::new();
    while lines.len() < 4 {
        lines.push(hear_line(&mut anna).await);
    }
    assert!(
        lines.contains(&format!("* {guest} is now anna")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line == "* You are anna already."),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.contains("no spaces")),
        "{lines:?}"
    );
    drop(anna);
    let again = plain(hub, 1);
    assert_eq!(again.name(), "anna");
    let mut other = plain(hub, 2);
    hear_line(&mut other).await;
    other.handle(b"/name Anna");
    assert!(
        hear_line(&mut other)
            .await
            .starts_with("* name_taken: Anna")
    );
    other.handle(b"/dance");
    assert!(
        hear_line(&mut other)
            .await
            .starts_with("* There is no command /dance.")
    );
}

// The attack: a client that reads nothing while others write.
#[tokio::test]
async fn a_stalled_reader_is_put_out_and_the_others_go_on() {
    let hub = hub().await;
    let mut anna = plain(hub, 1);
    let mut stalled = plain(hub, 2);
    let stalled_name = stalled.name();
    let text = "x".repeat(16 * 1024);
    let mut heard = 0;
    for _ in 0..200 {
        anna.handle(text.as_bytes());
        while !hear_line(&mut anna).await.ends_with(&text) {}
        heard += 1;
    }
    assert_eq!(heard, 200);
    let waited: usize = waiting(&mut stalled).iter().map(String::len).sum();
    assert!(waited <= QUEUE_BYTES, "{waited}");
    assert_eq!(
        next(&mut stalled).await,
        Due::Ended(ErrorCode::SlowConsumer)
    );
    anna.handle(b"/who");
    let line = loop {
        let line = hear_line(&mut anna).await;
        if line.contains(" here: ") {
            break line;
        }
        assert_eq!(line, format!("* {stalled_name} left"));
    };
    assert!(line.starts_with("* 1 here: guest-"), "{line}");
}

// The attack: a thousand clients stall together. If one eviction led to the next within the same
// call, their number would overflow the stack.
#[test]
fn any_number_of_stalled_readers_is_put_out_at_once() {
    // A stack far smaller than a runtime's thread has.
    let thread = std::thread::Builder::new().stack_size(256 * 1024);
    let crowd = thread.spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            // Each evicts in its turn: the depth of calls would be this number.
            const STALLED: usize = 1000;
            let hub = hub_for(2 * QUEUE_BYTES).await;
            let count_of = |what: &'static str| {
                move |line: &str| match line.strip_suffix(what) {
                    Some(who) => who
                        .strip_suffix(" others ")
                        .map_or(1, |who| who.trim_start_matches("* and ").parse().unwrap()),
                    None => 0,
                }
            };
            let mut anna = plain(hub, 1);
            let mut stalled = Vec::new();
            for _ in 0..STALLED {
                stalled.push(plain(hub, 2));
            }
            let (mut joined, count) = (0_usize, count_of("joined"));
            while joined < STALLED {
                joined += count(&hear_line(&mut anna).await);
            }
            // Queues hold 8 MiB here, so all of them overflow at the same one of these.
            let text = "x".repeat(QUEUE_BYTES);
            let mut left = 0_usize;
            let count = count_of("left");
            for _ in 0..12 {
                anna.handle(text.as_bytes());
                loop {
                    let line = hear_line(&mut anna).await;
                    left += count(&line);
                    if line.ends_with(&text) {
                        break;
                    }
                }
            }
            anna.handle(b"/who");
            loop {
                let line = hear_line(&mut anna).await;
                left += count(&line);
                if line.contains(" here: ") {
                    assert!(line.starts_with("* 1 here: "), "{line}");
                    break;
                }
            }
            // The hub's clock announces them, twenty by name in a turn.
            while left < STALLED {
                left += count(&hear_line(&mut anna).await);
            }
            assert_eq!(left, STALLED);
        });
    });
    crowd.unwrap().join().unwrap();
}
