//! The emoji that clients offer, with the names by which people find them.
//!
//! Pure. A person may write or react with any other, too: the server takes all of Unicode's.

use shared::chat::lowercase;

/// Most emoji that a search returns: a screen of them.
const FOUND: usize = 64;

/// An emoji and its names. The first one is that of `:name:`, and what screen readers say; blanks in
/// it are underscores.
pub type Offered = (&'static str, &'static str);

/// The emoji, the most used ones first.
pub const EMOJI: [Offered; 184] = [
    ("👍", "thumbs_up +1 yes good like"),
    ("👎", "thumbs_down -1 no bad"),
    ("❤️", "heart love"),
    ("😂", "joy tears_of_joy laugh lol"),
    ("🎉", "party tada celebrate hooray"),
    ("😮", "astonished wow surprised"),
    ("😢", "crying cry sad tear"),
    ("🙏", "thank_you pray please thanks"),
    ("🔥", "fire hot lit"),
    ("👀", "eyes look see"),
    ("✅", "done check yes ok"),
    ("❌", "no cross wrong"),
    ("🤔", "thinking hmm think"),
    ("👏", "clapping clap applause bravo"),
    ("🚀", "rocket launch ship"),
    ("☕", "coffee break tea"),
    ("😀", "grinning happy"),
    ("😄", "smile happy"),
    ("😁", "grin beaming"),
    ("😅", "sweat_smile phew"),
    ("🤣", "rofl laugh floor"),
    ("🙂", "slightly_smiling fine"),
    ("🙃", "upside_down silly"),
    ("😉", "wink"),
    ("😊", "blush warm"),
    ("😇", "innocent angel halo"),
    ("🥰", "in_love adore hearts"),
    ("😍", "heart_eyes love"),
    ("🤩", "star_struck amazed"),
    ("😘", "kiss"),
    ("😋", "yum tasty"),
    ("😜", "zany_wink tongue joke"),
    ("🤗", "hug"),
    ("🤭", "giggle oops"),
    ("🤫", "shush quiet secret"),
    ("🤐", "zipper_mouth silent"),
    ("🤨", "raised_eyebrow doubt"),
    ("😐", "neutral meh"),
    ("😶", "speechless no_mouth"),
    ("😏", "smirk"),
    ("😒", "unamused"),
    ("🙄", "roll_eyes"),
    ("😬", "grimacing awkward"),
    ("😌", "relieved calm"),
    ("😔", "pensive sad"),
    ("😴", "sleeping tired zzz"),
    ("😷", "mask ill"),
    ("🤒", "fever ill sick"),
    ("🤕", "hurt bandage"),
    ("🤢", "nauseated sick"),
    ("🤧", "sneeze cold"),
    ("🥵", "hot_face heat"),
    ("🥶", "cold_face freezing"),
    ("😵", "dizzy_face"),
    ("🤯", "mind_blown exploding"),
    ("🤠", "cowboy"),
    ("🥳", "partying birthday"),
    ("😎", "cool sunglasses"),
    ("🤓", "nerd"),
    ("🧐", "monocle inspect"),
    ("😕", "confused"),
    ("😟", "worried"),
    ("🙁", "frown sad"),
    ("😳", "flushed embarrassed"),
    ("🥺", "pleading puppy"),
    ("😨", "fearful scared"),
    ("😰", "anxious"),
    ("😭", "sob crying"),
    ("😱", "scream shocked"),
    ("😞", "disappointed"),
    ("😓", "cold_sweat"),
    ("😩", "weary"),
    ("🥱", "yawn bored"),
    ("😤", "triumph huff"),
    ("😡", "rage angry"),
    ("😠", "angry"),
    ("🤬", "swear curse"),
    ("😈", "devil"),
    ("💀", "skull dead"),
    ("💩", "poop"),
    ("🤡", "clown"),
    ("👻", "ghost"),
    ("👽", "alien"),
    ("🤖", "robot bot"),
    ("👋", "wave hello bye hi"),
    ("✋", "raised_hand stop high_five"),
    ("👌", "ok_hand perfect"),
    ("✌️", "victory peace"),
    ("🤞", "fingers_crossed luck hope"),
    ("🤘", "rock_on"),
    ("👈", "point_left"),
    ("👉", "point_right"),
    ("👆", "point_up"),
    ("👇", "point_down"),
    ("✊", "fist"),
    ("👊", "punch fist_bump"),
    ("🙌", "raised_hands praise hooray"),
    ("🤝", "handshake deal agree"),
    ("💪", "muscle strong"),
    ("🧠", "brain smart"),
    ("🧡", "orange_heart"),
    ("💛", "yellow_heart"),
    ("💚", "green_heart"),
    ("💙", "blue_heart"),
    ("💜", "purple_heart"),
    ("🖤", "black_heart"),
    ("💔", "broken_heart"),
    ("💯", "hundred 100 perfect"),
    ("💥", "boom collision"),
    ("💤", "zzz sleep"),
    ("✨", "sparkles new shiny"),
    ("⭐", "star"),
    ("🌟", "glowing_star"),
    ("🎈", "balloon"),
    ("🎁", "gift present"),
    ("🏆", "trophy win"),
    ("🥇", "gold_medal first"),
    ("❓", "question"),
    ("❗", "exclamation important"),
    ("⚠️", "warning careful"),
    ("🚫", "forbidden prohibited"),
    ("🔒", "lock secure"),
    ("🔓", "unlock open"),
    ("🔑", "key"),
    ("🛡️", "shield protect"),
    ("💡", "idea bulb light"),
    ("📌", "pushpin pin"),
    ("📎", "paperclip attach"),
    ("📅", "calendar date"),
    ("📈", "chart_up growth"),
    ("📉", "chart_down loss"),
    ("📝", "memo note write"),
    ("📚", "books read"),
    ("💻", "laptop computer"),
    ("📱", "phone mobile"),
    ("🔧", "wrench fix tool"),
    ("🔨", "hammer build"),
    ("⚙️", "gear settings"),
    ("🐛", "bug"),
    ("🚧", "construction wip"),
    ("⏰", "alarm clock time"),
    ("⏳", "hourglass wait"),
    ("🔔", "bell notify"),
    ("💬", "speech comment talk"),
    ("☀️", "sun sunny"),
    ("🌧️", "rain"),
    ("❄️", "snow cold"),
    ("🌈", "rainbow"),
    ("🌍", "earth world"),
    ("🌸", "blossom flower"),
    ("🌹", "rose"),
    ("🌲", "tree"),
    ("🍀", "clover luck"),
    ("🐶", "dog"),
    ("🐱", "cat"),
    ("🦊", "fox"),
    ("🐻", "bear"),
    ("🐼", "panda"),
    ("🐸", "frog"),
    ("🐧", "penguin"),
    ("🐢", "turtle slow"),
    ("🦀", "crab rust"),
    ("🐍", "snake python"),
    ("🐝", "bee"),
    ("🦄", "unicorn"),
    ("🍎", "apple"),
    ("🍌", "banana"),
    ("🍕", "pizza"),
    ("🍔", "burger"),
    ("🍰", "cake"),
    ("🎂", "birthday_cake"),
    ("🍪", "cookie"),
    ("🍵", "tea"),
    ("🍺", "beer"),
    ("🍷", "wine"),
    ("🥂", "cheers toast"),
    ("⚽", "football soccer"),
    ("🎮", "game"),
    ("🎵", "music note"),
    ("📷", "camera photo"),
    ("🚗", "car"),
    ("🚲", "bike bicycle"),
    ("✈️", "plane flight travel"),
    ("🏠", "house home"),
];

/// Returns the emoji with a name that begins with `typed`, then those in whose names it is. The case
/// does not matter, and blanks stand for underscores.
pub fn search(typed: &str) -> Vec<Offered> {
    let typed = lowercase(typed.trim()).replace(' ', "_");
    let begins = |(_, names): &&Offered| names.split(' ').any(|name| name.starts_with(&typed));
    let holds = |it: &&Offered| !begins(it) && it.1.contains(&typed);
    let first = EMOJI.iter().filter(begins);
    let found = first.chain(EMOJI.iter().filter(holds));
    found.take(FOUND).copied().collect()
}

/// Returns the name of an emoji for people: `thumbs up`.
pub fn name((_, names): Offered) -> String {
    let name = names.split(' ').next().unwrap_or_default();
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::chat::Emoji;
    use std::collections::BTreeSet;

    #[test]
    fn each_emoji_can_be_a_reaction_and_has_a_name_of_its_own() {
        let names: BTreeSet<_> = EMOJI.iter().map(|it| name(*it)).collect();
        assert_eq!(names.len(), EMOJI.len());
        for (emoji, names) in EMOJI {
            assert!(Emoji::parse(emoji).is_ok(), "{emoji}");
            let is_name =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+- ".contains(c);
            assert!(names.chars().all(is_name), "{names}");
        }
    }

    #[test]
    fn emoji_are_found_by_their_names() {
        let found = |typed: &str| search(typed).first().map(|it| it.0);
        assert_eq!(found("thumbs"), Some("👍"));
        assert_eq!(found("+1"), Some("👍"));
        assert_eq!(found("Thumbs D"), Some("👎"));
        assert_eq!(found("hearts"), Some("🥰"));
        assert_eq!(found("nothing like it"), None);
        assert_eq!(search("").len(), FOUND);
    }
}
