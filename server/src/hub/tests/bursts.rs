//! Attacks on caps by many requests at the same moment, and by requesters who disconnect at once.

use futures_util::future::join_all;
use shared::chat::limits::MAX_OPERATORS;
use shared::chat::{RoomId, RoomName};

use super::limits::hub_at_the_caps;
use super::operators::{answer, operator, order};
use super::*;
use crate::hub::room::{MAX_INVITED, MAX_MEMBERS};
use crate::store::Change;

/// Sends each session's request before any of them is carried out, and waits until all are.
async fn at_once(sessions: &mut [Session], request: impl Fn(usize) -> Value) {
    for (number, session) in sessions.iter_mut().enumerate() {
        session.handle(request(number).to_string().as_bytes());
    }
    join_all(sessions.iter_mut().map(Session::settle)).await;
}

/// Returns how many of the sessions were sent a message of this type or error code.
fn told(sessions: &mut [Session], what: &str) -> usize {
    let mut told = 0;
    for session in sessions {
        told += usize::from(waiting(session).iter().any(|text| text.contains(what)));
    }
    told
}

async fn people(hub: &'static Hub, seeds: std::ops::Range<u8>) -> Vec<Session> {
    let mut people = Vec::new();
    for seed in seeds {
        people.push(person(hub, seed, &format!("person{seed}")).await);
    }
    people
}

/// Makes all members of the lobby moderators, who make place for nobody.
async fn promote_all(hub: &'static Hub) {
    let room = RoomId::from(RoomName::lobby());
    let members: Vec<_> = {
        let lobby = hub.room(&room).unwrap();
        let lobby = lobby.lock();
        lobby.members.keys().copied().collect()
    };
    let role = shared::chat::Role::Moderator;
    let promote = |user| {
        hub.store.change(Change::Role {
            room: room.clone(),
            user,
            role,
        })
    };
    for promoted in join_all(members.into_iter().map(promote)).await {
        promoted.unwrap();
    }
}

#[tokio::test]
async fn a_burst_of_joins_does_not_pass_the_cap_of_members() {
    let hub = hub_at_the_caps(0, MAX_MEMBERS - 3).await;
    promote_all(hub).await;
    let mut people = people(hub, 1..11).await;
    at_once(&mut people, |_| json!({"type": "join", "room": "lobby"})).await;
    let lobby = hub.room(&RoomId::from(RoomName::lobby())).unwrap();
    assert_eq!(lobby.lock().members.len(), MAX_MEMBERS);
    assert_eq!(told(&mut people, "limit_reached"), 7);
}

// Each guest who is not here makes place for one newcomer, not for all of a burst.
#[tokio::test]
async fn a_burst_of_joins_does_not_pass_the_cap_by_one_guest() {
    let hub = hub_at_the_caps(0, MAX_MEMBERS - 2).await;
    promote_all(hub).await;
    for seed in [100, 101] {
        let mut guest = connect(hub, seed);
        say(&mut guest, &json!({"type": "hello"})).await;
        join(&mut guest, "lobby").await;
    }
    let mut people = people(hub, 1..11).await;
    at_once(&mut people, |_| json!({"type": "join", "room": "lobby"})).await;
    let lobby = hub.room(&RoomId::from(RoomName::lobby())).unwrap();
    assert_eq!(lobby.lock().members.len(), MAX_MEMBERS);
    assert_eq!(told(&mut people, "limit_reached"), 8);
    assert!(lobby.lock().leaving.is_empty());
}

// The attack: minted keys with names fill the lobby, and nobody new gets in for ever.
#[tokio::test]
async fn absent_members_with_names_make_place_in_a_public_room() {
    let hub = hub_at_the_caps(0, MAX_MEMBERS).await;
    let mut people = people(hub, 1..11).await;
    at_once(&mut people, |_| json!({"type": "join", "room": "lobby"})).await;
    assert_eq!(told(&mut people, r#""type":"joined""#), 10);
    let lobby = hub.room(&RoomId::from(RoomName::lobby())).unwrap();
    assert_eq!(lobby.lock().members.len(), MAX_MEMBERS);
    assert!(lobby.lock().leaving.is_empty());
}

#[tokio::test]
async fn a_burst_of_invitations_does_not_pass_their_cap() {
    let hub = hub_at_the_caps(0, MAX_INVITED + 10).await;
    let mut anna = person(hub, 1, "anna").await;
    let den = json!({"type": "create", "room": "den", "private": true});
    say(&mut anna, &den).await;
    hear(&mut anna, "joined").await;
    let den = RoomName::parse("den").unwrap();
    let guest = |number: usize| UserId(Fingerprint::of_spki(&number.to_be_bytes()));
    for number in 0..MAX_INVITED - 3 {
        let invited = Change::Invited {
            room: den.clone(),
            user: guest(number),
            by: UserId(key(1)),
        };
        hub.store.change(invited).await.unwrap();
    }
    let mut devices = Vec::new();
    for _ in 0..10 {
        devices.push(person(hub, 1, "anna").await);
    }
    at_once(&mut devices, |number| {
        let user = guest(MAX_INVITED - 3 + number).to_string();
        json!({"type": "invite", "room": "den", "id": user})
    })
    .await;
    let room = hub.room(&RoomId::from(den)).unwrap();
    assert_eq!(room.lock().invited.len(), MAX_INVITED);
    assert_eq!(told(&mut devices, "limit_reached"), 7);
}

#[tokio::test]
async fn a_burst_of_appointments_does_not_pass_the_cap_of_operators() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let _others = people(hub, 2..12).await;
    for number in 0..MAX_OPERATORS - 4 {
        let user = UserId(Fingerprint::of_spki(&number.to_be_bytes()));
        let change = Change::Operator { user, is: true };
        hub.store.change(change).await.unwrap();
    }
    let mut devices = Vec::new();
    for _ in 0..10_u8 {
        devices.push(person(hub, 1, "anna").await);
    }
    at_once(&mut devices, |number| {
        let user = UserId(key(u8::try_from(number).unwrap() + 2)).to_string();
        json!({"type": "operator", "do": "appoint", "user": user})
    })
    .await;
    assert_eq!(hub.directory().operators.len(), MAX_OPERATORS);
    assert_eq!(told(&mut devices, "limit_reached"), 7);
    order(&mut anna, json!({"do": "operators"})).await;
    answer(&mut anna).await;
}

#[tokio::test]
async fn two_operators_who_revoke_each_other_and_disconnect_leave_one() {
    let hub = hub().await;
    let mut anna = operator(hub, 1, "anna").await;
    let mut ben = operator(hub, 2, "ben").await;
    let revoke = |seed| {
        let user = UserId(key(seed)).to_string();
        json!({"type": "operator", "do": "revoke", "user": user}).to_string()
    };
    anna.handle(revoke(2).as_bytes());
    ben.handle(revoke(1).as_bytes());
    // Each request goes as far as it can without the store's answer, and then loses its session.
    for mut session in [anna, ben] {
        let _ = futures_util::poll!(std::pin::pin!(session.settle()));
    }
    // Both changes, if there are two, are applied before this one.
    let mut carl = person(hub, 3, "carl").await;
    say(&mut carl, &json!({"type": "create", "room": "den"})).await;
    hear(&mut carl, "joined").await;
    assert_eq!(hub.directory().operators.len(), 1);
}

#[tokio::test]
async fn a_burst_of_renames_and_creations_makes_no_rooms_that_look_alike() {
    let hub = hub().await;
    let mut people = people(hub, 1..5).await;
    at_once(
        &mut people,
        |number| json!({"type": "create", "room": format!("room{number}")}),
    )
    .await;
    let names = ["look", "l0ok", "lo0k", "l00k"];
    at_once(&mut people, |number| {
        let to = names[number];
        if number == 0 {
            return json!({"type": "create", "room": to});
        }
        json!({"type": "rename", "room": format!("room{number}"), "to": to})
    })
    .await;
    let taken = names
        .iter()
        .filter(|name| RoomName::parse(name).is_ok_and(|name| hub.room(&name.into()).is_ok()));
    assert_eq!(taken.count(), 1);
    assert_eq!(told(&mut people, "room_exists"), 3);
}

#[tokio::test]
async fn of_two_who_are_given_a_room_at_once_one_owns_it() {
    let hub = hub().await;
    let mut devices = vec![person(hub, 1, "anna").await, person(hub, 1, "anna").await];
    say(&mut devices[0], &json!({"type": "create", "room": "den"})).await;
    let mut others = people(hub, 2..4).await;
    at_once(&mut others, |_| json!({"type": "join", "room": "den"})).await;
    at_once(&mut devices, |number| {
        let user = UserId(key(u8::try_from(number).unwrap() + 2)).to_string();
        json!({"type": "role", "room": "den", "id": user, "role": "owner"})
    })
    .await;
    let snapshot = hub.store.load().await.unwrap();
    let den = RoomId::parse("den").unwrap();
    let stored = snapshot.rooms.iter().find(|it| it.room == den).unwrap();
    let owners = stored
        .roles
        .iter()
        .filter(|(_, role)| *role == shared::chat::Role::Owner);
    let owners: Vec<_> = owners.map(|(user, _)| *user).collect();
    let known = hub.room(&den).unwrap().lock().owner();
    assert_eq!(owners, Vec::from_iter(known));
}
