//! Tests of the operator's view.

use super::*;
use shared::chat::operator::LogLevel;

pub(super) fn connection(number: u64) -> ConnectionInfo {
    ConnectionInfo {
        connection: number,
        address: "192.0.2.1:1".into(),
        transport: "tcp".into(),
        version: None,
        id: None,
        name: None,
        since: Timestamp::from_unix_millis(0).unwrap(),
        bytes_in: 0,
        bytes_out: 0,
    }
}

#[test]
fn a_list_in_parts_is_shown_when_it_is_whole() {
    let mut operating = Operating::default();
    for (number, more) in [(1, true), (2, false), (3, true)] {
        operating.hear(
            OperatorAnswer::Connections {
                connections: vec![connection(number)],
                more,
            },
            0,
        );
    }
    assert_eq!(operating.connections, [connection(1), connection(2)]);
}

#[test]
fn a_list_is_told_as_text_only_to_the_command_that_asked_for_it() {
    let mut operating = Operating::default();
    let room = |name: &str| RoomInfo {
        room: shared::chat::RoomId::parse(name).unwrap(),
        private: false,
        members: 2,
        head: 7,
        owner: Some(crate::testing::author("ada")),
    };
    let page = |name: &str, more| OperatorAnswer::Rooms {
        rooms: vec![room(name)],
        more,
    };
    operating.hear(page("den", false), 0);
    assert_eq!(operating.take_told(), None, "the console asked for it");
    operating.telling = Some(Told::Rooms);
    operating.hear(page("cave", true), 0);
    assert_eq!(operating.take_told(), None, "the list goes on");
    operating.hear(page("den", false), 0);
    let expected = "2 rooms: cave (2 members, owner ada); den (2 members, owner ada)";
    assert_eq!(operating.take_told().as_deref(), Some(expected));
    assert_eq!(operating.take_told(), None);
}

#[test]
fn a_new_invitation_is_told_as_people_read_it() {
    let mut operating = Operating::default();
    for (uses, said) in [(1, "It admits 1 key until"), (3, "It admits 3 keys until")] {
        let invitation = Invitation {
            number: 7,
            uses,
            expires: Timestamp::parse("2026-12-07T12:01:34.016Z").unwrap(),
            by: crate::testing::author("ada").id,
        };
        let code = InvitationCode::try_from("abc".to_owned()).unwrap();
        operating.hear(OperatorAnswer::Invitation { code, invitation }, 0);
        let told = operating.take_told().unwrap();
        assert!(told.contains(said), "{told}");
        assert!(told.ends_with(" 2026-12-07 12:01 UTC."), "{told}");
    }
}

#[test]
fn the_log_is_bounded() {
    let mut operating = Operating::default();
    let line = |number: usize| LogLine {
        at: Timestamp::from_unix_millis(0).unwrap(),
        level: LogLevel::Info,
        text: number.to_string(),
    };
    for number in 0..LOG_LINES + 7 {
        operating.hear(
            OperatorAnswer::Log {
                lines: vec![line(number)],
                missed: 1,
            },
            0,
        );
    }
    assert_eq!(operating.log.len(), LOG_LINES);
    assert_eq!(operating.log[0].text, "7");
    assert_eq!((operating.missed, operating.dropped), (507, 7));
}

// The attack: somebody waits under the name of an applicant whom the operator means to admit.
#[test]
fn a_name_that_leads_to_several_people_leads_to_nobody() {
    let applicant = |seed: &str, name: &str| shared::chat::admission::Applicant {
        id: crate::testing::author(seed).id,
        name: Some(crate::testing::author(name).name),
        address: "192.0.2.1".into(),
        since: Timestamp::from_unix_millis(0).unwrap(),
    };
    let mut operating = Operating::default();
    operating.hear(
        OperatorAnswer::Applicants {
            applicants: vec![
                applicant("one", "carol"),
                applicant("two", "Carol"),
                applicant("three", "dave"),
            ],
            more: false,
        },
        0,
    );
    assert_eq!(operating.person("carol"), Err(NoOne::Several));
    assert_eq!(operating.person("eve"), Err(NoOne::Nobody));
    let dave = crate::testing::author("three").id;
    assert_eq!(operating.person("@Dave"), Ok(dave));
    assert_eq!(operating.person(&dave.to_string()), Ok(dave));
}
