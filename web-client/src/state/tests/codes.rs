//! Tests of which server gets the code of a link.

use super::*;

// The attack: a code that was sent to the server of the last visit is used there, for the server that
// the link names.
#[test]
fn a_code_is_told_to_the_server_of_its_link_alone() {
    let claim = ClaimCode::try_from("abc-_9".to_owned()).unwrap();
    let asks = |story: &Story| {
        let asked = story.asked();
        let mut asked = asked.iter();
        asked.any(|asked| {
            matches!(
                asked,
                ClientMessage::Claim { .. } | ClientMessage::Redeem { .. }
            )
        })
    };
    let state = State::opened_by(None, None, None, Some(claim.clone()), None);
    let story = Story(state).then(Action::Identity(Identity::Ready(profile("aa"))));
    let story = connects(story, foreign());
    assert!(!asks(&story) && story.0.has_code());
    // Nor one that comes while a session is there.
    let story = story.then(Action::Claim(claim.clone()));
    assert!(!asks(&story) && story.0.has_code());
    let said = story.notices();
    let said = said.last().map(String::as_str).unwrap_or_default();
    assert!(said.contains("disconnect, and enter there"), "{said}");
    let story = connects(story, target("ada"));
    assert!(asks(&story) && !story.0.has_code());
    // Kept for the next session, it still goes nowhere else.
    let story = story.ended(Ending::Lost).then(Action::Claim(claim));
    assert!(story.0.has_code());
    let story = connects(story, foreign());
    assert!(!asks(&story) && story.0.has_code());
}
