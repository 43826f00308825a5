//! The code of the claim link.

use super::operators::answer;
use super::*;

// The attack: somebody finds the claim link after its owner has used it.
#[tokio::test]
async fn a_claim_code_that_was_used_makes_nobody_else_an_operator() {
    let hub = hub().await;
    assert!(!hub.has_operator());
    let code = hub.operators().claim.make().unwrap();
    let claim = json!({"type": "claim", "code": code});
    let mut anna = person(hub, 1, "anna").await;
    say(&mut anna, &claim).await;
    assert_eq!(answer(&mut anna).await["answer"], "granted");
    let mut eve = person(hub, 2, "eve").await;
    say(&mut eve, &claim).await;
    assert_eq!(
        refused(&mut eve).await,
        ("forbidden".into(), "claim".into())
    );
    say(&mut anna, &json!({"type": "hello"})).await;
    assert_eq!(hear(&mut anna, "welcome").await["operator"], true);
    say(&mut eve, &json!({"type": "hello"})).await;
    assert_eq!(hear(&mut eve, "welcome").await["operator"], false);
}

// The attacks: a guess, a part of the code, and a code from before the last start.
#[tokio::test]
async fn a_claim_code_that_is_guessed_is_refused_and_the_right_one_stays() {
    let hub = hub().await;
    let mut eve = person(hub, 2, "eve").await;
    // There is none yet.
    say(&mut eve, &json!({"type": "claim", "code": "x"})).await;
    assert_eq!(refused(&mut eve).await.0, "forbidden");
    // A second code replaces the first, as a restart does.
    let former = hub.operators().claim.make().unwrap();
    let code = hub.operators().claim.make().unwrap();
    for guess in ["x", &former, &code[1..], &format!("{code}x")] {
        say(&mut eve, &json!({"type": "claim", "code": guess})).await;
        assert_eq!(refused(&mut eve).await.0, "forbidden", "{guess}");
    }
    say(&mut eve, &json!({"type": "claim", "code": code})).await;
    assert_eq!(answer(&mut eve).await["answer"], "granted");
}

// The attack: codes are guessed as fast as the connection allows.
#[tokio::test]
async fn guessing_claim_codes_is_rate_limited() {
    let hub = hub_with(
        1024,
        PerMinute {
            joins: 5,
            ..PerMinute::default()
        },
    )
    .await;
    let mut eve = person(hub, 2, "eve").await;
    let mut codes = Vec::new();
    for guess in 0..10 {
        say(
            &mut eve,
            &json!({"type": "claim", "code": guess.to_string()}),
        )
        .await;
        codes.push(refused(&mut eve).await.0);
    }
    assert_eq!(codes.last().unwrap(), "rate_limited");
}
