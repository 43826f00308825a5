//! Changes of rooms and people, on every store.

use super::*;

/// Returns a change of every kind, some twice.
fn changes() -> Vec<Change> {
    let (room, attic) = (room("room"), RoomName::parse("attic").unwrap());
    let name = |text| Name::parse(text).unwrap();
    let private = Change::RoomCreated {
        room: attic.clone().into(),
        topic: Topic::default(),
        private: true,
        keep: Keep::Forever,
        owner: None,
    };
    let read = |seq, back| Change::Read {
        room: room.clone(),
        user: user(1),
        seq,
        back,
    };
    vec![
        private,
        Change::Joined {
            room: room.clone(),
            user: user(1),
            by: None,
        },
        Change::Joined {
            room: room.clone(),
            user: user(1),
            by: None,
        },
        read(7, false),
        read(3, false),
        read(5, true),
        read(4, false),
        Change::Joined {
            room: room.clone(),
            user: user(2),
            by: None,
        },
        Change::Left {
            room: room.clone(),
            user: user(2),
        },
        Change::Invited {
            room: attic.clone(),
            user: user(3),
            by: user(1),
        },
        Change::Invited {
            room: attic.clone(),
            user: user(3),
            by: user(1),
        },
        Change::Invited {
            room: attic.clone(),
            user: user(4),
            by: user(1),
        },
        Change::Joined {
            room: attic.clone().into(),
            user: user(4),
            by: None,
        },
        Change::Named {
            user: user(1),
            name: name("anna"),
        },
        Change::Named {
            user: user(1),
            name: name("ada"),
        },
        Change::Operator {
            user: user(1),
            is: true,
        },
        Change::Operator {
            user: user(2),
            is: true,
        },
        Change::Operator {
            user: user(2),
            is: false,
        },
        Change::Role {
            room: room.clone(),
            user: user(1),
            role: Role::Moderator,
        },
        Change::Role {
            room: room.clone(),
            user: user(1),
            role: Role::Owner,
        },
        Change::SpokeV2 { user: user(1) },
        Change::Banned(ban(Banned::User(user(7)), "first")),
        Change::Banned(ban(Banned::User(user(7)), "again")),
        Change::Banned(ban(Banned::User(user(8)), "")),
        Change::Unbanned(Banned::User(user(8))),
        Change::Banned(ban(Banned::Address([192, 0, 2, 1].into()), "noise")),
    ]
}

fn changes_of_admission() -> Vec<Change> {
    vec![
        Change::AdmissionMode(AdmissionMode::Invitation),
        Change::AdmissionMode(AdmissionMode::Approval),
        Change::Admitted { user: user(3) },
        Change::InvitationMade(invitation(1, 1)),
        Change::InvitationMade(invitation(2, 2)),
        Change::InvitationMade(invitation(3, 1)),
        Change::Redeemed {
            number: 1,
            user: user(4),
        },
        Change::Redeemed {
            number: 2,
            user: user(5),
        },
        Change::InvitationEnded { number: 3 },
    ]
}

fn invitation(number: u32, uses: u32) -> StoredInvitation {
    StoredInvitation {
        digest: [7; 32],
        invitation: Invitation {
            number,
            uses,
            expires: Timestamp::from_unix_millis(8).unwrap(),
            by: user(1),
        },
    }
}

fn ban(who: Banned, reason: &str) -> Ban {
    Ban {
        who,
        reason: reason.to_owned().into(),
        at: Timestamp::from_unix_millis(7).unwrap(),
        by: user(1),
    }
}

// A change that only memory had would be undone by a restart.
#[tokio::test]
async fn every_change_is_there_when_it_is_loaded() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        let name = |text| Name::parse(text).unwrap();
        store
            .append(room.clone(), entry(1, 1, message("a")))
            .await
            .unwrap();
        let again = store
            .change(Change::RoomCreated {
                room: room.clone(),
                topic: Topic::default(),
                private: true,
                keep: Keep::Forever,
                owner: None,
            })
            .await;
        assert_eq!(again, Err(StoreError::RoomExists));
        for change in changes().into_iter().chain(changes_of_admission()) {
            store.change(change).await.unwrap();
        }
        let lost = store
            .change(Change::Joined {
                room: super::room("nowhere"),
                user: user(1),
                by: None,
            })
            .await;
        assert_eq!(lost, Err(StoreError::NoSuchRoom));
        let mut loaded = store.load().await.unwrap();
        loaded.rooms.sort_by(|a, b| a.room.cmp(&b.room));
        assert_eq!(
            loaded,
            Snapshot {
                rooms: vec![
                    RoomRecord {
                        room: super::room("attic"),
                        topic: Topic::default(),
                        private: true,
                        keep: Keep::Forever,
                        head: 0,
                        members: vec![(user(4), 0)],
                        invited: vec![user(3)],
                        roles: Vec::new(),
                    },
                    RoomRecord {
                        room: room.clone(),
                        topic: Topic::parse("about").unwrap(),
                        private: false,
                        keep: Keep::Forever,
                        head: 1,
                        members: vec![(user(1), 5)],
                        invited: Vec::new(),
                        roles: vec![(user(1), Role::Owner)],
                    },
                ],
                names: vec![(user(1), name("ada"))],
                operators: vec![user(1)],
                bans: vec![
                    ban(Banned::Address([192, 0, 2, 1].into()), "noise"),
                    ban(Banned::User(user(7)), "again"),
                ],
                v2_users: vec![user(1)],
                admission: AdmissionMode::Approval,
                admitted: in_order([3, 4, 5]),
                invitations: vec![invitation(2, 1)],
            }
        );
    }
}

fn in_order(seeds: impl IntoIterator<Item = u8>) -> Vec<UserId> {
    let mut users: Vec<_> = seeds.into_iter().map(user).collect();
    users.sort();
    users
}

// The race: two keys redeem the last use at once.
#[tokio::test]
async fn an_invitation_without_uses_admits_nobody() {
    for Scene { store, _folder, .. } in scenes() {
        let redeem = |number, seed| {
            let user = user(seed);
            store.change(Change::Redeemed { number, user })
        };
        assert_eq!(redeem(1, 2).await, Err(StoreError::NoSuchInvitation));
        let made = Change::InvitationMade(invitation(1, 1));
        store.change(made).await.unwrap();
        let both = (redeem(1, 2), redeem(1, 3));
        assert_eq!(both.0.await, Ok(()));
        assert_eq!(both.1.await, Err(StoreError::NoSuchInvitation));
        assert_eq!(store.load().await.unwrap().admitted, [user(2)]);
    }
}

// The entries go later than the room: a new room of the name must not get them.
#[tokio::test]
async fn a_deleted_room_is_gone_with_everything_in_it() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        store
            .append(room.clone(), entry(1, 1, message("a")))
            .await
            .unwrap();
        store
            .change(Change::RoomDeleted { room: room.clone() })
            .await
            .unwrap();
        let gone = store.append(room.clone(), entry(1, 2, message("b"))).await;
        assert_eq!(gone, Err(StoreError::NoSuchRoom));
        // A room of the same name is a new one.
        let room = create(&*store, "room").await;
        assert!(
            store
                .read_after(room.clone(), 0, PAGE)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store
                .append(room, entry(1, 1, message("c")))
                .await
                .unwrap()
                .seq,
            1
        );
    }
}

// The loss: somebody joined between the last member's exit and the deletion that it caused.
#[tokio::test]
async fn a_room_ends_only_while_nobody_is_in_it_and_nothing_is_kept() {
    for Scene { store, _folder, .. } in scenes() {
        let change = |change| store.change(change);
        let room = create(&*store, "room").await;
        let ends = Change::RoomEnded { room: room.clone() };
        let joined = Change::Joined {
            room: room.clone(),
            user: user(1),
            by: None,
        };
        let left = Change::Left {
            room: room.clone(),
            user: user(1),
        };
        change(joined).await.unwrap();
        assert_eq!(change(ends.clone()).await, Err(StoreError::RoomInUse));
        change(left).await.unwrap();
        let appended = store.append(room.clone(), entry(1, 1, message("a"))).await;
        appended.unwrap();
        assert_eq!(change(ends.clone()).await, Err(StoreError::RoomInUse));
        // Numbers that were reserved are no entries.
        let kept = Change::Kept {
            room: room.clone(),
            keep: Keep::Nothing,
        };
        change(kept).await.unwrap();
        change(ends.clone()).await.unwrap();
        assert_eq!(change(ends).await, Err(StoreError::NoSuchRoom));
        create(&*store, "room").await;
    }
}

#[tokio::test]
async fn an_owner_who_leaves_stays_the_owner_until_somebody_else_is() {
    for Scene { store, _folder, .. } in scenes() {
        let room = create(&*store, "room").await;
        let change = |change| {
            let changed = store.change(change);
            async { changed.await.unwrap() }
        };
        let joined = |seed| Change::Joined {
            room: room.clone(),
            user: user(seed),
            by: None,
        };
        let left = |seed| Change::Left {
            room: room.clone(),
            user: user(seed),
        };
        let role = |seed, role| Change::Role {
            room: room.clone(),
            user: user(seed),
            role,
        };
        let roles = async || {
            let loaded = store.load().await.unwrap();
            let record = loaded.rooms.into_iter().find(|record| record.room == room);
            record.unwrap().roles
        };
        for seed in 1..=3 {
            change(joined(seed)).await;
        }
        change(role(1, Role::Owner)).await;
        change(role(2, Role::Moderator)).await;
        // Only a new owner takes the role away.
        for less in [Role::Member, Role::Moderator] {
            change(role(1, less)).await;
        }
        change(left(1)).await;
        change(left(2)).await;
        assert_eq!(roles().await, [(user(1), Role::Owner)]);
        // One who is no member gets no role, and takes none.
        change(role(2, Role::Owner)).await;
        assert_eq!(roles().await, [(user(1), Role::Owner)]);
        // The former owner is no member, and so no moderator either.
        change(role(3, Role::Owner)).await;
        assert_eq!(roles().await, [(user(3), Role::Owner)]);
        change(left(3)).await;
        assert_eq!(roles().await, [(user(3), Role::Owner)]);
    }
}
