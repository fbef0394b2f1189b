//! Finds answers that stop in mid-sentence: at a comma, an article or a conjunction, at an opening
//! bracket, or without a final mark where the sentences before have one. Short captions without a
//! full stop, lists, code, addresses and signatures are whole.

use super::words::Text;

/// Words that end no sentence, whether or not a full stop was put behind them.
const NEVER: &str = "the a an and";
/// Words that end no sentence without a full stop.
const HARDLY: &str = "or but nor because although while whereas since which whose than of into onto from with during among despite \
     its their your our my his is are";
/// Words after which a single `a` is a name: "vitamin a".
const LABELS: &str = "vitamin hepatitis option grade type group plan section class team answer point letter \
     figure part choice level series serie is";
/// Words before `of`, `from` and `with` that let them end a sentence: "what it is made of".
const STRANDING: &str = "made proud afraid aware kind sort think thinking care out dream dreamed dreaming hear \
     heard tired full fond capable rid composed come comes came choose drink eat play plays \
     playing work deal associated familiar";
/// Words before a full stop that ends no sentence, besides single letters and numbers.
const ABBREVIATIONS: &str = "mr mrs ms dr st no vs jr sr prof fig inc co ltd etc approx";
/// Last words of letters, which may end in a comma.
const CLOSINGS: &str = "sincerely regards wishes yours truly love thanks cheers you respectfully";

/// Returns the last words of an answer that stops in mid-sentence.
pub(super) fn find<'a>(answer: &Text<'a>) -> Option<&'a str> {
    let count = answer.words.len();
    let text = answer.raw.trim_end();
    if count < 3 || in_code(text) {
        return None;
    }
    let tail = || answer.raw[answer.words[count - count.min(5)].start..].trim_end();
    let bare = text.trim_end_matches(['*', '_']);
    if numbers_nothing(bare) {
        return Some(tail());
    }
    let last = bare.chars().next_back()?;
    let stops = match last {
        ',' | '，' | '、' => !is_one(answer.last(0), CLOSINGS),
        '-' | '–' => hangs(bare),
        '(' | '[' | '{' | '‘' => true,
        '“' => !text.contains('„'),
        '"' | '`' => opens_at_end(bare, last),
        '.' | ':' => answer.words[count - 1].end + 1 == bare.len() && ends_emptily(answer),
        _ if last.is_alphanumeric() && last == text.chars().next_back()? => {
            ends_on_never(answer) || ends_on_hardly(answer) || lacks_mark(answer, bare)
        }
        _ => false,
    };
    stops.then(tail)
}

/// Tells whether a text ends with the number of a list's next item: "1) a lamp, 2)".
fn numbers_nothing(text: &str) -> bool {
    let Some((before, item)) = text.rsplit_once(char::is_whitespace) else { return false };
    let Some(mark) = item.chars().next_back().filter(|mark| ".)".contains(*mark)) else {
        return false;
    };
    let Ok(number @ 2..100) = item[..item.len() - 1].parse::<u32>() else { return false };
    let previous = format!("{}{mark}", number - 1);
    before.split_whitespace().any(|word| word == previous)
}

/// Tells whether a word is in a list of words separated by spaces.
fn is_one(word: &str, list: &str) -> bool {
    list.split(' ').any(|listed| word.eq_ignore_ascii_case(listed))
}

/// Tells whether the last line is code.
fn in_code(text: &str) -> bool {
    text.ends_with("```") || memchr::memmem::find_iter(text.as_bytes(), "```").count() % 2 == 1
}

/// Tells whether a dash at the end hangs behind a word of several letters.
fn hangs(text: &str) -> bool {
    let mut letters = text.chars().rev().skip(1);
    let close = [letters.next(), letters.next()];
    close.iter().all(|letter| letter.is_some_and(char::is_alphabetic))
}

/// Tells whether a quotation mark at the end opens a quotation that never comes.
fn opens_at_end(text: &str, mark: char) -> bool {
    let before = text.chars().rev().nth(1);
    before.is_some_and(char::is_whitespace) && text.matches(mark).count() % 2 == 1
}

/// Tells whether a full stop was put behind a sentence that had not come to its end.
fn ends_emptily(answer: &Text<'_>) -> bool {
    let announces = is_one(answer.last(0), "says reads");
    (announces && is_one(answer.last(1), "that which")) || ends_on_never(answer)
}

fn ends_on_never(answer: &Text<'_>) -> bool {
    let (last, before) = (answer.last(0), answer.last(1));
    // "A" is the name of something, "a" an article.
    let article = last == "a" && !is_one(before, LABELS);
    answer.words.len() >= 4 && (article || (last != "A" && last != "a" && is_one(last, NEVER)))
}

fn ends_on_hardly(answer: &Text<'_>) -> bool {
    let (last, before) = (answer.last(0), answer.last(1));
    if answer.words.len() < 5
        || answer.words.last().is_none_or(|word| word.opens)
        || !is_one(last, HARDLY)
    {
        return false;
    }
    match last {
        "of" | "from" | "with" => !is_one(before, STRANDING) && !asks(answer),
        "since" => before != "ever",
        "is" | "are" => !asks(answer) && !is_one(before, "it they he she this that there"),
        _ => true,
    }
}

/// Tells whether a text speaks of what, where or who, whose clauses may end in a preposition or `is`.
fn asks(answer: &Text<'_>) -> bool {
    const ASKING: &str = "what where who whom which how when that as why";
    (0..answer.words.len().min(30)).any(|back| is_one(answer.last(back), ASKING))
}

/// Tells whether the last line is prose whose last sentence has no final mark.
fn lacks_mark(answer: &Text<'_>, text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or(text).trim();
    let Some(last) = line.chars().next_back() else { return false };
    if !has_marks(last) || is_special(line) {
        return false;
    }
    let (sentence, ended) = last_sentence(line);
    if ended {
        return !is_label(sentence);
    }
    let words = answer.words.iter().rev().take_while(|word| word.start >= text.len() - line.len());
    words.count() >= 6 && !is_item(line) && others_end(&text[..text.len() - line.len()])
}

/// Tells whether a letter is of a script whose sentences end in a full stop.
fn has_marks(letter: char) -> bool {
    matches!(letter, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}')
}

/// Tells whether a line is a heading, a row of a table, code, or ends in an address or a tag.
fn is_special(line: &str) -> bool {
    let word = line.rsplit(char::is_whitespace).next().unwrap_or(line);
    let plain = |letter: char| letter.is_alphanumeric() || "'’-\"“”()*_,".contains(letter);
    line.starts_with(['#', '|', '>']) || !word.chars().all(plain) || credits(line)
}

/// Tells whether a quotation is followed by a dash and a name.
fn credits(line: &str) -> bool {
    ["\" - ", "\" – ", "\" — ", "” - ", "” – ", "” — "].iter().any(|mark| line.contains(mark))
}

/// Returns the part of a line after its last final mark, and whether there is such a mark.
fn last_sentence(line: &str) -> (&str, bool) {
    let bytes = line.as_bytes();
    for (at, &byte) in bytes.iter().enumerate().rev() {
        if !matches!(byte, b'.' | b'!' | b'?') || bytes.get(at + 1) != Some(&b' ') {
            continue;
        }
        let rest = line[at + 1..].trim_start();
        let upper = rest.chars().next().is_some_and(char::is_uppercase);
        let word = line[..at].rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or("");
        let whole = byte != b'.' || !(word.len() == 1 || is_one(word, ABBREVIATIONS));
        if upper && whole && word.parse::<u32>().is_err() {
            return (rest, true);
        }
    }
    (line, false)
}

/// Tells whether a sentence is a short label with a value, such as "Answer: B".
fn is_label(sentence: &str) -> bool {
    let words = sentence.split_whitespace().count();
    (sentence.contains(':') && words <= 8) || words <= 1 || sentence.contains(['#', '@', '='])
}

/// Tells whether a line is an item of a list.
fn is_item(line: &str) -> bool {
    let marked = line.starts_with(['-', '*', '•', '+', '–', '·']);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let number = line.as_bytes().get(digits).is_some_and(|byte| matches!(byte, b'.' | b')' | b':'));
    let lettered = line.as_bytes().get(1).is_some_and(|byte| matches!(byte, b'.' | b')'));
    marked || (digits > 0 && number) || lettered || line.matches(" - ").count() > 1
}

/// Tells whether nearly all long lines before end in a final mark, and there are some.
fn others_end(before: &str) -> bool {
    let (mut lines, mut ended) = (0, 0);
    for line in before.lines().map(str::trim).filter(|line| line.split(' ').count() >= 6) {
        lines += 1;
        let last = line.trim_end_matches(['*', '_', '"', '”', ')']).chars().next_back();
        ended += usize::from(matches!(last, Some('.' | '!' | '?' | ':' | '…')));
    }
    lines >= 2 && ended * 10 >= lines * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expect: Option<&str>) {
        assert_eq!(find(&Text::new(answer)), expect, "{answer}");
    }

    #[test]
    fn stops_in_mid_sentence() {
        check("a brick house with stone on the", Some("house with stone on the"));
        check("a fire pit in front of a", Some("pit in front of a"));
        check("The man wears a red shirt and", Some("wears a red shirt and"));
        check("The sign is white with letters that read,", Some("white with letters that read,"));
        check("A dog plays. The background is a white", Some("The background is a white"));
        check("A man stands there holding a sign that says.", Some("holding a sign that says."));
        check("It shows the words (", Some("It shows the words ("));
        check("It has a border with the words `", Some("a border with the words `"));
        check("a woman on behalf of the national board of", Some("of the national board of"));
        check("They are sitting at the tab-", Some("are sitting at the tab-"));
        check("The dog is next to the.", Some("dog is next to the."));
        check("1. Wear boots. 2. Carry water. 3.", Some("boots. 2. Carry water. 3."));
        check("Look for: 1) a lamp, 2)", Some("for: 1) a lamp, 2)"));
        check("It is a gas stove, since", Some("is a gas stove, since"));
        check("crafts for kids to make with their", Some("kids to make with their"));
        check(
            "The first line is a whole sentence.\nThe second line is whole, too.\nBut the third line is cut in its",
            Some("line is cut in its"),
        );
        check(
            "The dog sits on the lawn.\n\nThe sky above is blue.\n\nOverall, the picture shows a",
            Some("Overall, the picture shows a"),
        );
    }

    #[test]
    fn whole_answers_pass() {
        check("the bunk room", None);
        check("Two.", None);
        check("It is a dog. It plays.", None);
        check("- red\n- green\n- blue", None);
        check("The shop has been closed ever since", None);
        check("There are 2 dogs and a cat in room 3.", None);
        check("See the code. It is short:\n```\nlet x = 1\n```", None);
        check("More of it is here. Visit https://example.org/page", None);
        check("It says so. He calls it \"a dog\"", None);
        check("It is red. It is big (see above)", None);
        check("It is fun. Try it! \u{1f600}", None);
        check("这是一只狗。它在公园里玩。", None);
        check("a carrot has a lot of vitamin a", None);
        check("Choose one of the four. Answer: B", None);
        check("a knife that is used to see what the pot is made of", None);
        check("The scrambled word here is \"the\".", None);
        check("Dear all, thank you.\n\nBest regards,\nAnna", None);
        check("Dear all, thank you.\n\nSincerely,", None);
        check("\"It is hard to say.\" - Mark Twain", None);
        check("a photo of st. louis in the snow", None);
        check("the development map shows where it is put on", None);
    }
}
