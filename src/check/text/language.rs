//! Tells whether a text is in one of the allowed languages, by its script and, in Latin script, by its
//! function words. It is light and rough: it does not tell apart languages that share a script other
//! than Latin (nor those Latin-script languages that are not in its table), and lets short and mixed
//! texts pass.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::hash::{ByHash, hash};
use super::words::Text;

/// A writing system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Han,
    Kana,
    Hangul,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Devanagari,
    Thai,
}

/// Scripts: code, name, and the script.
const SCRIPTS: [(&str, &str, Script); 10] = [
    ("latin", "Latin script", Script::Latin),
    ("han", "Han script", Script::Han),
    ("kana", "kana script", Script::Kana),
    ("hangul", "Hangul script", Script::Hangul),
    ("cyrillic", "Cyrillic script", Script::Cyrillic),
    ("greek", "Greek script", Script::Greek),
    ("arabic", "Arabic script", Script::Arabic),
    ("hebrew", "Hebrew script", Script::Hebrew),
    ("devanagari", "Devanagari script", Script::Devanagari),
    ("thai", "Thai script", Script::Thai),
];

/// Languages in Latin script: code, name and function words of at least two letters (and `a`).
const LATIN: [(&str, &str, &str); 11] = [
    (
        "en",
        "English",
        "a the of and to in is that it was for on are as with his they at be this from have \
         or by one had not but what all were when there can an which their if will each about \
         how up out them then she many some so these would other into has more her two like \
         him see could no than been its who now my over did down only way may after",
    ),
    (
        "de",
        "German",
        "der die das und ist nicht ein eine einen einem einer den dem des mit auf für von zu \
         im es sich auch als wie bei nach aus wird sind oder aber werden hat über ich sie er \
         wir durch um wenn kann noch nur dass zum zur vor",
    ),
    (
        "fr",
        "French",
        "le la les des un une et est dans que qui pour sur pas au aux avec du ce cette il \
         elle sont par plus ne se en ou mais comme son sa ses leur on nous vous être été deux \
         très aussi",
    ),
    (
        "es",
        "Spanish",
        "el la los las un una es en de que por para con del se no al lo su sus como más pero \
         está son hay este esta también muy ha ser sobre entre fue desde cuando donde hasta \
         todo",
    ),
    (
        "pt",
        "Portuguese",
        "os as um uma de em que para com do da dos das no na nos nas se por não mais como mas \
         ao está são também seu sua ou muito ser foi há pelo pela este esta isso entre",
    ),
    (
        "it",
        "Italian",
        "il lo la gli le un una di che in per con del della dei delle nel nella non si da al \
         alla sono come più ma anche su suo sua questo questa ha essere dal dalla molto",
    ),
    (
        "nl",
        "Dutch",
        "de het een en van is in op te dat die met voor niet zijn aan er om ook als door maar \
         bij wordt uit naar ze hij wij dit deze heeft hebben kan worden over nog geen of tot",
    ),
    (
        "sv",
        "Swedish",
        "och att det som en ett är på av för med den till inte om de har var jag han hon vi \
         från eller men kan så när där också sig under efter",
    ),
    (
        "pl",
        "Polish",
        "na się nie do to jest że jak po co tak za od dla przez ale są oraz lub który która \
         które tym tego jego jej ich może bardzo przy",
    ),
    (
        "tr",
        "Turkish",
        "ve bir bu da de için ile çok olarak daha gibi olan ama var ne değil en kadar sonra \
         ya her şey mi ki göre olduğu",
    ),
    (
        "id",
        "Indonesian",
        "yang dan di ini itu dengan untuk dari pada tidak dalam adalah ke akan juga oleh ada \
         atau sebuah bisa mereka saya kita seorang sebagai karena lebih",
    ),
];

/// Languages that are known by their script alone.
const OTHERS: [(&str, Script); 15] = [
    ("zh", Script::Han),
    ("ja", Script::Kana),
    ("ko", Script::Hangul),
    ("ru", Script::Cyrillic),
    ("uk", Script::Cyrillic),
    ("bg", Script::Cyrillic),
    ("sr", Script::Cyrillic),
    ("el", Script::Greek),
    ("ar", Script::Arabic),
    ("fa", Script::Arabic),
    ("ur", Script::Arabic),
    ("he", Script::Hebrew),
    ("hi", Script::Devanagari),
    ("mr", Script::Devanagari),
    ("th", Script::Thai),
];

/// The languages of each function word, one bit each.
static WORDS: LazyLock<HashMap<u64, u16, ByHash>> = LazyLock::new(|| {
    let mut words = HashMap::default();
    for (index, (_, _, list)) in LATIN.iter().enumerate() {
        for word in list.split(' ') {
            *words.entry(hash(word)).or_insert(0) |= 1 << index;
        }
    }
    words
});

/// Letters of a text that is long enough to be judged; a Han or kana letter or a Hangul syllable counts three.
const MIN_LETTERS: usize = 40;
/// Words of a Latin text that is long enough to be judged by its function words.
const MIN_WORDS: usize = 12;

/// Tells whether a code names a language or a script that the check knows.
pub(super) fn is_known(code: &str) -> bool {
    LATIN.iter().any(|(known, ..)| *known == code)
        || OTHERS.iter().any(|(known, _)| *known == code)
        || SCRIPTS.iter().any(|(known, ..)| *known == code)
}

/// Returns the language or script of a text that is in none of the allowed ones.
pub(super) fn find(text: &Text<'_>, allowed: &[String]) -> Option<&'static str> {
    let (name, script) = main_script(text.raw)?;
    let permits = |script: Script| {
        let named = |code: &String| {
            SCRIPTS.iter().any(|(known, _, own)| known == code && *own == script)
                || OTHERS.iter().any(|(known, own)| known == code && *own == script)
        };
        allowed.iter().any(named)
    };
    if permits(script) {
        return None;
    }
    if script != Script::Latin {
        return Some(name);
    }
    let permitted = |index: usize| allowed.iter().any(|code| code == LATIN[index].0);
    if !(0..LATIN.len()).any(permitted) {
        return Some(name);
    }
    foreign(text, permitted)
}

/// Returns the script of most letters of a text, or nothing if it is short or mixed.
fn main_script(text: &str) -> Option<(&'static str, Script)> {
    let mut counts = [0usize; SCRIPTS.len()];
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        if let Some((script, weight)) = script_of(letter) {
            counts[script as usize] += weight;
        }
    }
    let all: usize = counts.iter().sum();
    // Japanese mixes kana with Han letters; Chinese has no kana.
    let (han, kana) = (Script::Han as usize, Script::Kana as usize);
    if counts[kana] * 10 >= counts[han] {
        counts[kana] += std::mem::take(&mut counts[han]);
    }
    let most = (0..SCRIPTS.len()).max_by_key(|&index| counts[index])?;
    (all >= MIN_LETTERS && counts[most] * 3 >= all * 2).then(|| (SCRIPTS[most].1, SCRIPTS[most].2))
}

fn script_of(letter: char) -> Option<(Script, usize)> {
    Some(match letter {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
            (Script::Latin, 1)
        }
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => (Script::Greek, 1),
        '\u{400}'..='\u{52f}' => (Script::Cyrillic, 1),
        '\u{590}'..='\u{5ff}' => (Script::Hebrew, 1),
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' => {
            (Script::Arabic, 1)
        }
        '\u{900}'..='\u{97f}' => (Script::Devanagari, 1),
        '\u{e00}'..='\u{e7f}' => (Script::Thai, 1),
        '\u{3040}'..='\u{30ff}' => (Script::Kana, 3),
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}' => {
            (Script::Han, 3)
        }
        '\u{ac00}'..='\u{d7af}' => (Script::Hangul, 3),
        _ => return None,
    })
}

/// Returns the language whose function words clearly outnumber those of all permitted ones.
fn foreign(text: &Text<'_>, permitted: impl Fn(usize) -> bool) -> Option<&'static str> {
    if text.words.len() < MIN_WORDS {
        return None;
    }
    let mut counts = [0usize; LATIN.len()];
    for mask in text.words.iter().filter_map(|word| WORDS.get(&word.hash)) {
        for (index, count) in counts.iter_mut().enumerate() {
            *count += usize::from(mask >> index & 1);
        }
    }
    let best = (0..LATIN.len()).max_by_key(|&index| counts[index])?;
    let own =
        (0..LATIN.len()).filter(|&index| permitted(index)).map(|index| counts[index]).max()?;
    let clear = counts[best] * 5 >= text.words.len() && 2 * counts[best] >= 3 * own + 6;
    (!permitted(best) && clear).then_some(LATIN[best].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &[&str], text: &str, expect: Option<&str>) {
        let allowed: Vec<String> = allowed.iter().map(|&code| code.to_owned()).collect();
        assert_eq!(find(&Text::new(text), &allowed), expect, "{text}");
    }

    const GERMAN: &str = "Auf dem Bild ist ein Hund zu sehen, der mit einem roten Ball auf einer Wiese \
        spielt, und im Hintergrund stehen einige Bäume.";
    const FRENCH: &str = "Sur cette image, on voit un chien qui joue avec une balle rouge dans un parc, \
        et il y a des arbres au fond de la scène.";
    const SPANISH: &str = "En la imagen se ve un perro que juega con una pelota roja en el parque, y al \
        fondo hay algunos árboles y una casa.";
    const ENGLISH: &str = "The image shows a dog that is playing with a red ball in the park, and there \
        are some trees and a house in the background.";

    #[test]
    fn other_languages_are_found() {
        check(&["en"], GERMAN, Some("German"));
        check(&["en"], FRENCH, Some("French"));
        check(&["en"], SPANISH, Some("Spanish"));
        check(&["de"], ENGLISH, Some("English"));
        check(&["de", "fr"], SPANISH, Some("Spanish"));
        check(&["zh"], ENGLISH, Some("Latin script"));
        check(
            &["en"],
            "На изображении видна собака, которая играет с мячом в парке.",
            Some("Cyrillic script"),
        );
        check(&["en"], "图片中有一只狗在公园里玩一个红色的球，背景里有树木。", Some("Han script"));
        check(
            &["zh"],
            "この画像には、公園で赤いボールで遊んでいる犬が写っています。",
            Some("kana script"),
        );
        check(
            &["en"],
            "이미지에는 공원에서 빨간 공을 가지고 노는 개가 있습니다.",
            Some("Hangul script"),
        );
        check(
            &["en"],
            "تظهر الصورة كلبا يلعب بكرة حمراء في الحديقة مع الأطفال.",
            Some("Arabic script"),
        );
        check(
            &["en"],
            "Στην εικόνα φαίνεται ένας σκύλος που παίζει με μια μπάλα.",
            Some("Greek script"),
        );
    }

    #[test]
    fn allowed_short_and_mixed_texts_pass() {
        check(&["en"], ENGLISH, None);
        check(&["en", "de"], GERMAN, None);
        check(&["latin"], FRENCH, None);
        check(&["ja"], "この画像には、公園で赤いボールで遊んでいる犬が写っています。", None);
        check(&["han", "en"], "图片中有一只狗在公园里玩一个红色的球，背景里有树木。", None);
        check(&["cyrillic"], "На изображении видна собака, которая играет с мячом в парке.", None);
        check(&["en"], "Ein roter Ball.", None);
        check(&["en"], "skull heads silicone molds", None);
        check(&["en"], "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", None);
        check(&["en"], "A, B, A, B, A, B, A, B, A, B, A, B, A, B, A, B, A, B", None);
        check(&["en"], "The sign reads 公园 and below it 禁止入内 in the park of the city.", None);
        check(&["en"], "a baby tabby cat walking behind a bicycle leaning against a wall", None);
    }
}
