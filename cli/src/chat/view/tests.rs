//! Tests of the screen's content, for chats of every kind.

use std::rc::Rc;

use client::outbox::Account;
use client::room::Standing;
use client::testing::{author, says};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use shared::chat::server::Member;
use shared::chat::{MessageId, Role, RoomId};

use super::super::keys::World;
use super::super::zone::Zone;
use super::*;

/// Returns the screen of bob, in a lobby with this many messages of ada.
fn app(messages: u64) -> App {
    let mut app = App::new(Account::default(), None, Vec::new());
    app.chat.me = Some(author("bob"));
    app.connection = Connection::Up {
        version: shared::connection::Version::V2,
        server: shared::identity::Fingerprint::of_spki(b"server"),
        id: None,
    };
    let lobby = app.chat.current.clone();
    let mut room = Room::new(lobby.clone());
    room.standing = Standing::Live;
    let member = |name: &str| {
        let person = author(name);
        Member {
            id: person.id,
            name: person.name,
            online: true,
            role: Role::Member,
        }
    };
    room.set_members(vec![member("ada"), member("bob")]);
    for seq in 1..=messages {
        let text = format!("message {seq} to @bob");
        room.log.append(says(seq, "ada", &text)).unwrap();
    }
    room.head = messages;
    app.chat.rooms.insert(lobby, Rc::new(room));
    app
}

fn drawn(app: &mut App, width: u16, height: u16) -> String {
    let zone = Zone::system();
    let eye = Eye {
        look: Look::plain(),
        zone: &zone,
        at: 0,
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut shown = Shown::default();
    terminal
        .draw(|frame| shown = draw(app, eye, frame))
        .unwrap();
    app.drawn(shown);
    terminal.backend().to_string()
}

fn press(app: &mut App, code: KeyCode, modifiers: KeyModifiers) {
    let zone = Zone::system();
    let world = World {
        id: MessageId::new(1, [0; 10]),
        at: 1,
        zone: &zone,
        look: Look::plain(),
    };
    app.key(KeyEvent::new(code, modifiers), &world);
}

#[test]
fn the_latest_stand_at_the_bottom_and_page_up_shows_earlier_ones() {
    let mut app = app(10_000);
    let screen = drawn(&mut app, 80, 24);
    assert!(screen.contains("message 10000 to @bob"), "{screen}");
    assert!(!screen.contains("message 9900 "), "{screen}");
    assert_eq!(app.chat.room().unwrap().read, 10_000, "they are seen");
    for _ in 0..5 {
        press(&mut app, KeyCode::PageUp, KeyModifiers::NONE);
    }
    let screen = drawn(&mut app, 80, 24);
    assert!(screen.contains("message 9900 "), "{screen}");
    assert!(screen.contains("further down (Esc)"), "{screen}");
    press(&mut app, KeyCode::Esc, KeyModifiers::NONE);
    let screen = drawn(&mut app, 80, 24);
    assert!(screen.contains("message 10000 to @bob"), "{screen}");
}

#[test]
fn what_is_new_elsewhere_is_counted_in_the_list() {
    let mut app = app(3);
    let id = RoomId::parse("garden").unwrap();
    let mut garden = Room::new(id.clone());
    garden.standing = Standing::Live;
    for seq in 1..=2 {
        garden.log.append(says(seq, "ada", "hello @bob")).unwrap();
    }
    app.chat.rooms.insert(id, Rc::new(garden));
    let screen = drawn(&mut app, 110, 24);
    assert!(screen.contains("#garden @2"), "{screen}");
    assert!(screen.contains("● ada"), "{screen}");
    assert!(app.bell, "it means us");
    press(&mut app, KeyCode::Char('a'), KeyModifiers::ALT);
    drawn(&mut app, 110, 24);
    let screen = drawn(&mut app, 110, 24);
    assert!(screen.contains("› #garden "), "{screen}");
    assert!(!screen.contains("garden @"), "{screen}");
}

#[test]
fn a_draft_stays_with_its_room() {
    let mut app = app(1);
    let id = RoomId::parse("garden").unwrap();
    let mut garden = Room::new(id.clone());
    garden.standing = Standing::Live;
    app.chat.rooms.insert(id, Rc::new(garden));
    for letter in "half a li".chars() {
        press(&mut app, KeyCode::Char(letter), KeyModifiers::NONE);
    }
    press(&mut app, KeyCode::Down, KeyModifiers::ALT);
    assert!(app.composer.is_empty());
    press(&mut app, KeyCode::Down, KeyModifiers::ALT);
    assert_eq!(app.composer.text(), "half a li");
}

// The loss: Esc or Ctrl-C while a message was changed erased what had been typed.
#[test]
fn a_change_that_is_given_up_comes_back_with_the_arrow_up() {
    for (code, modifiers) in [
        (KeyCode::Esc, KeyModifiers::NONE),
        (KeyCode::Char('c'), KeyModifiers::CONTROL),
    ] {
        let mut app = app(0);
        let lobby = app.chat.current.clone();
        let room = app.chat.room_mut(&lobby).unwrap();
        room.log.append(says(1, "bob", "mine")).unwrap();
        room.head = 1;
        press(&mut app, KeyCode::Up, KeyModifiers::NONE);
        press(&mut app, KeyCode::Char('e'), KeyModifiers::NONE);
        assert_eq!(app.composer.text(), "mine");
        for letter in " and more".chars() {
            press(&mut app, KeyCode::Char(letter), KeyModifiers::NONE);
        }
        press(&mut app, code, modifiers);
        assert!(app.composer.is_empty());
        press(&mut app, KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(app.composer.text(), "mine and more");
    }
}

#[test]
fn every_layer_is_drawn_in_a_terminal_of_any_size() {
    let keys = [
        (KeyCode::Up, KeyModifiers::NONE),
        (KeyCode::Char('+'), KeyModifiers::NONE),
        (KeyCode::Esc, KeyModifiers::NONE),
        (KeyCode::Up, KeyModifiers::NONE),
        (KeyCode::Char('r'), KeyModifiers::NONE),
        (KeyCode::Char('k'), KeyModifiers::CONTROL),
        (KeyCode::Char('l'), KeyModifiers::NONE),
        (KeyCode::Esc, KeyModifiers::NONE),
        (KeyCode::Char('f'), KeyModifiers::CONTROL),
        (KeyCode::Char('m'), KeyModifiers::NONE),
        (KeyCode::Esc, KeyModifiers::NONE),
        (KeyCode::F(1), KeyModifiers::NONE),
        (KeyCode::Esc, KeyModifiers::NONE),
        (KeyCode::Char('o'), KeyModifiers::CONTROL),
        (KeyCode::Tab, KeyModifiers::NONE),
        (KeyCode::Tab, KeyModifiers::NONE),
        (KeyCode::Char('s'), KeyModifiers::NONE),
    ];
    let mut app = app(40);
    app.chat.operator = true;
    for (code, modifiers) in keys {
        press(&mut app, code, modifiers);
        for (width, height) in [(1, 1), (20, 6), (21, 7), (40, 10), (80, 24), (300, 90)] {
            drawn(&mut app, width, height);
        }
    }
    let screen = drawn(&mut app, 80, 24);
    assert!(screen.contains("Are you sure?"), "{screen}");
}

/// Adds the room of two with a person called `name`, whose key follows from `key`.
fn add_direct(app: &mut App, name: &str, key: &str) -> RoomId {
    let mut with = author(name);
    with.id = author(key).id;
    let me = app.chat.me.as_ref().unwrap().id;
    let id = RoomId::Direct(shared::chat::DirectId::of(me, with.id).unwrap());
    let mut room = Room::new(id.clone());
    room.standing = Standing::Live;
    room.with = Some(with);
    app.chat.rooms.insert(id.clone(), Rc::new(room));
    id
}

// The attack: a public room with the name of a person, beside the room of two with that person.
#[test]
fn a_room_that_is_called_like_a_person_does_not_look_like_the_room_of_two() {
    let mut app = app(0);
    let direct = add_direct(&mut app, "ada", "ada");
    let id = RoomId::parse("ada").unwrap();
    let mut public = Room::new(id.clone());
    public.standing = Standing::Live;
    app.chat.rooms.insert(id.clone(), Rc::new(public));
    let screen = drawn(&mut app, 110, 24);
    assert!(
        screen.contains("  #ada ") && screen.contains("  @ada "),
        "{screen}"
    );
    for (room, label) in [(id, "#ada"), (direct, "@ada")] {
        app.open(room);
        let screen = drawn(&mut app, 60, 24);
        assert!(screen.contains(&format!(" {label} · ")), "{screen}");
        assert!(screen.contains(&format!("> Write to {label} ")), "{screen}");
        assert!(
            screen.contains(&format!("beginning of {label}.")),
            "{screen}"
        );
    }
    press(&mut app, KeyCode::Char('k'), KeyModifiers::CONTROL);
    let screen = drawn(&mut app, 60, 24);
    assert!(
        screen.contains(" #ada ") && screen.contains(" @ada "),
        "{screen}"
    );
    // Either is found by its sign.
    press(&mut app, KeyCode::Char('@'), KeyModifiers::NONE);
    let screen = drawn(&mut app, 60, 24);
    assert!(!screen.contains("│ #ada "), "{screen}");
}

#[test]
fn two_people_who_look_alike_in_a_list_have_their_key_beside_them() {
    let mut app = app(0);
    add_direct(&mut app, "Alice", "one");
    add_direct(&mut app, "AIice", "two");
    add_direct(&mut app, "carl", "three");
    let screen = drawn(&mut app, 110, 24);
    for (name, key) in [("Alice", "one"), ("AIice", "two")] {
        let shown = format!("@{name} {}", author(key).id.0.short());
        assert!(screen.contains(&shown), "{shown}: {screen}");
    }
    let key = author("three").id.0.short();
    assert!(
        screen.contains("@carl ") && !screen.contains(&key),
        "{screen}"
    );
}

fn write(app: &mut App, text: &str) {
    for letter in text.chars() {
        press(app, KeyCode::Char(letter), KeyModifiers::NONE);
    }
}

/// Returns the screen of bob, whose only message in the lobby is `mine`.
fn app_with_own_message() -> App {
    let mut app = app(0);
    let lobby = app.chat.current.clone();
    let room = app.chat.room_mut(&lobby).unwrap();
    room.log.append(says(1, "bob", "mine")).unwrap();
    room.head = 1;
    app
}

// The loss: an edit took the composer, and its end left nothing of the draft.
#[test]
fn a_draft_comes_back_when_the_edit_ends_that_it_made_room_for() {
    for end in [KeyCode::Esc, KeyCode::Enter] {
        let mut app = app_with_own_message();
        write(&mut app, "half a li");
        app.pick(1);
        press(&mut app, KeyCode::Char('e'), KeyModifiers::NONE);
        assert_eq!(app.composer.text(), "mine");
        write(&mut app, " and more");
        press(&mut app, end, KeyModifiers::NONE);
        assert_eq!(app.composer.text(), "half a li", "after {end:?}");
        let edits = app.chat.outbox.lines().len();
        assert_eq!(edits, usize::from(end == KeyCode::Enter));
    }
}

// The loss: there was one place for what was let go of.
#[test]
fn a_long_text_is_not_lost_when_a_word_is_let_go_of_after_it() {
    let mut app = app_with_own_message();
    for text in ["a long text", "word"] {
        write(&mut app, text);
        press(&mut app, KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(app.composer.is_empty());
    }
    for text in ["word", "a long text", ""] {
        press(&mut app, KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(app.composer.text(), text);
    }
    assert!(matches!(app.layer, Layer::Picked(1)));
    press(&mut app, KeyCode::Esc, KeyModifiers::NONE);
    press(&mut app, KeyCode::Down, KeyModifiers::NONE);
    assert_eq!(app.composer.text(), "a long text");
}

// The loss: the drafts of a room that was closed stayed under its name, where nobody came again.
#[test]
fn the_draft_of_a_room_that_is_closed_comes_back_with_the_arrow_up() {
    let mut app = app(0);
    for name in ["garden", "den"] {
        let id = RoomId::parse(name).unwrap();
        let mut room = Room::new(id.clone());
        room.standing = Standing::Live;
        app.chat.rooms.insert(id.clone(), Rc::new(room));
        app.open(id);
        write(&mut app, &format!("draft of {name}"));
    }
    // One is on the screen, the other is not.
    for name in ["garden", "den"] {
        let left = format!(r#"{{"type":"left","room":"{name}","closed":true}}"#);
        app.heard(left.as_bytes(), 1);
        app.settle();
    }
    assert!(app.chat.current.is_lobby() && app.composer.is_empty());
    for text in ["draft of den", "draft of garden"] {
        press(&mut app, KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(app.composer.text(), text);
    }
}

#[test]
fn a_text_that_was_not_sent_is_not_gone() {
    let mut app = app(0);
    for text in ["/msg eve a long story", "/dance a long story"] {
        write(&mut app, text);
        press(&mut app, KeyCode::Enter, KeyModifiers::NONE);
        assert!(app.composer.is_empty());
        press(&mut app, KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(app.composer.text(), text);
        press(&mut app, KeyCode::Char('c'), KeyModifiers::CONTROL);
    }
}
