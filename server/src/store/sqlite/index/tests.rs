//! Tests of the index of words.

use shared::chat::Query;

use super::*;

// The attack: FTS5's operators in a query.
#[test]
fn a_query_is_its_tokens_and_no_syntax() {
    let of = |query: &str| expression(&Query::parse(query).unwrap().pattern());
    assert_eq!(of("b\" OR a, a (NEAR*"), r#""a" "b" "near" * "or""#);
    assert_eq!(
        of("Café 東京都"),
        "\"cafe\" \"\u{e100}京都\" \"\u{e100}東京\""
    );
    assert_eq!(of("C++"), "\"c\" \"\u{e100}\u{e22b}\"");
}

/// The messages that the index names.
fn named(connection: &Connection, query: &str) -> Vec<i64> {
    let query = Query::parse(query).unwrap();
    let sql = "SELECT rowid FROM words WHERE words MATCH ?1";
    let mut select = connection.prepare(sql).unwrap();
    let rows = select.query_map([expression(&query.pattern())], |row| row.get(0));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Takes a message out, as the writer does it.
fn remove(connection: &Connection, at: i64, text: &str) {
    let mut backlog = Backlog::default();
    backlog.remove(connection, at, text).unwrap();
    while backlog.changes() > 0 {
        backlog.take_changes(Waiting::make(connection).unwrap());
    }
}

// The attack: somebody with the disk looks for words of deleted messages.
#[test]
fn a_word_that_is_taken_out_is_nowhere_in_the_index() {
    let mut connection = Connection::open_in_memory().unwrap();
    super::super::schema::migrate(&mut connection).unwrap();
    let holds = |word: &str| {
        let sql = "SELECT 1 FROM words_data WHERE instr(block, CAST(?1 AS BLOB)) > 0";
        connection.prepare(sql).unwrap().exists([word]).unwrap()
    };
    let text = "Xylophone 東京";
    add(&connection, 1, text).unwrap();
    add(&connection, 2, "other").unwrap();
    // A pair begins as its first character does, which is written once.
    assert!(holds("xylophone") && holds("東") && holds("other"));
    remove(&connection, 1, text);
    assert!(!holds("xylophone") && !holds("東") && holds("other"));
}

// An index without content is corrupted, unnoticed, when other tokens are taken out than were
// put in.
#[test]
fn an_index_from_which_much_was_taken_is_sound_and_names_what_is_left() {
    const WORDS: [&str; 9] = [
        "a",
        "ab",
        "abc",
        "café",
        "東京",
        "東京都",
        "京",
        "c++",
        "👍",
    ];
    let mut connection = Connection::open_in_memory().unwrap();
    super::super::schema::migrate(&mut connection).unwrap();
    let mut random = 1_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from((random >> 8) % below).unwrap()
    };
    let mut texts: Vec<Option<String>> = vec![None; 60];
    for step in 0..2_000 {
        let at = next(60);
        let place = i64::try_from(at).unwrap();
        if let Some(former) = texts[at].take() {
            remove(&connection, place, &former);
        } else {
            let words: Vec<_> = (0..=next(4)).map(|_| WORDS[next(9)]).collect();
            let text = words.join(" ");
            add(&connection, place, &text).unwrap();
            texts[at] = Some(text);
        }
        if step % 100 == 99 {
            let sql = "INSERT INTO words (words) VALUES ('integrity-check')";
            connection.execute_batch(sql).unwrap();
            for query in [
                "a b",
                "abc a",
                "a",
                "cafe",
                "東京",
                "京",
                "東京都",
                "c++",
                "👍",
            ] {
                let pattern = Query::parse(query).unwrap().pattern();
                let named = named(&connection, query);
                for (place, text) in (0..).zip(&texts) {
                    if text.as_ref().is_some_and(|text| pattern.matches(text)) {
                        assert!(named.contains(&place), "{query} in {text:?}");
                    }
                }
                let is_there = |place: &i64| texts[usize::try_from(*place).unwrap()].is_some();
                assert!(named.iter().all(is_there), "{query}");
            }
        }
    }
}
