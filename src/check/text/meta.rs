//! Finds talk that betrays that the writer saw captions, coordinates or a description in the place of
//! the picture: "the provided captions", "based on the descriptions", "[0.12, 0.34, 0.56, 0.78]".
//! Only samples with an image are looked at: a text may well speak of texts.

use std::ops::Range;
use std::sync::LazyLock;

use super::hash::hash;
use super::phrases::Phrases;
use super::words::{Text, Word};

/// Talk that gives the writer away in an answer and in a question.
static ANYWHERE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        provided|given|supplied|available|above|accompanying ?image|textual|written descriptions|captions|sentences|statements|bounding|coordinates|annotations
        provided|given image|textual description|caption|descriptions|captions
        provided|given description|sentence|caption ?of ?the ?image
        descriptions|captions|sentences|statements|coordinates provided|given|shared|supplied|above
        description|caption|sentence ?you ?have ?'ve provided|given|supplied|above
        descriptions|captions ?also ?only ?do ?does ?not ?explicitly ?specifically|clearly mention|mentions|mentioned|mentioning|indicate|indicates|suggest|suggests|state|states|stating|imply|implies|note|specify|specifies|describe|refer|reference|say
        sentences ?also ?only do ?not ?explicitly mention|indicate|suggest|state|specify
        sentences mention|indicate|suggest|specify
        description ?also ?only ?does ?not ?explicitly ?specifically|frequently|clearly mentions|mention|mentioning|indicates|suggests|states|implies|specifies|specify|says
        one|some|many|most|several|all|each|both|multiple|any|none of ?the|these|those|your ?provided|given|image|other descriptions|captions|sentences
        one|some|all|multiple|several|these|other|various descriptions !of|and|or|below|on|are|for|in|at|next
        in|from|by one|another description|caption
        according|due|thanks to ?one|some|all ?of ?the|these|those|both|all|your|image ?image|photo|picture|provided|given ?'s description|descriptions|caption|captions|sentences|coordinates|annotations
        based on|upon ?one|some|all ?of ?the|these|those|both|all|your|its ?image|photo|picture|provided|given ?'s description|descriptions|caption|captions|sentences|coordinates|annotations
        as|per per|the|in|by ?the|these|those|your ?image|provided|given descriptions|captions|sentences|coordinates
        from|in|by|with the|these|those descriptions|captions|sentences|coordinates
        as mentioned|stated|described|noted|used|indicated|suggested|specified ?in|by the|your|this description|caption|descriptions|captions|sentence|sentences
        mentioned|stated|described|specified|given|provided|indicated in|by|from the ?provided|given|image description|descriptions|caption|captions|sentence|sentences
        photo|image|picture 's descriptions|description|caption|captions
        bounding box|boxes
        object detection|detections ?data|boxes|results|bounding
        based|going on|from|by ?the ?available|limited|provided|given information|details|data|context|inputs provided|given|available|shared !in|by|on|within|at|through|with
        based on|from ?the|this provided|given information|details|data|inputs|text !in|by|on|within|at|through
        textual input|inputs|data|descriptions|description
        text input|inputs
        text based input|inputs|description|descriptions|information
        provided|given|available|visual|image information|data provided|given !in|by|on|within|at|through
        given|provided|numerical|image|box|spatial|these|those|object coordinates
        coordinates ?that ?are ?were|'ve ?been provided|given|indicate|suggest|show
        coordinates|coordinate for|of each|the ?first|second object|objects|person|box
        image|picture|photo|photograph|scene is|are|being described as
        image|picture|photo|photograph|scene is|are referred to as
        is|are described as a|an|being|both|having|old|older|young
        image|picture|photo they|it|he|she are|is described as
        no mention of
        text|context|paragraph|passage|notes|data i was|were|am|have|'ve ?been given|provided|supplied|shown
        sentences|descriptions|description|captions|caption|annotations i was|were|am|have|'ve ?been given|provided|supplied|shown
        the|this text|paragraph|passage|context given|provided|supplied to
        the|this|your given|provided|supplied text|context|paragraph|passage|sentence
        context|paragraph|passage above|given states|mentions|says|specifies|does
        the context states|mentions|says|specifies|does
        two|three|four|five|six|several|other|first|second|last|image|human captions|caption
        image|photo|picture|textual description|descriptions only|alone|does|says|states|mentions|given
        per|on|by|to the image|photo|picture description|descriptions
        description alone|only
        from|by the description|captions|annotations|annotation
        stated|mentioned in the ?first|second|third|last sentence
        detection|detector|detections results|result|output|outputs|list|labels|scores
        detected objects|object|items
        object|objects list|labels|annotations
        list of ?detected|labelled|labeled|annotated objects
        person|object boxes|box
        predicted boxes|box
        normalized|normalised|pixel coordinates|values|positions
        ocr tokens|token|text|output|result|results
        annotator|annotators|captioner|captioners
        ground truth
        confidence score|scores|value|values
        object|class|detection|region labels !on|that
        labelled|labeled *6 in the data|annotations|list
        alt text
        who|that described|captioned|annotated|labelled|labeled the|this image|picture|photo|scene
        information in the paragraph|text|passage|context
        not mentioned|described|specified|stated in|by ?any ?of ?the ?provided|given|image description|descriptions|caption|captions|sentences
        ",
    )
});

/// Talk that gives the writer of a question away, but might tell of a visible text in an answer.
static QUESTION: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        mentioned|listed|described in|within the image|picture|photo|scene
        the description|captions|sentence|sentences !for|on|in|at
        the caption !say|says|read|reads|on|in|at|mean|means|for
        coordinate|coordinates
        based on|from|per|given|with the|your information|details|data provided|given !in|by|on|within|at
        numerical|coordinate values|points|data
        the|this paragraph|passage|context says|mentions|refers|speaks|describes|tells|above
        text refers to
        text that comes|came with|alongside
        according to the|this context|paragraph|passage
        captions|description|descriptions|sentences ?above|below|given mention|mentions|say|says|state|states|provide|provided|agree|imply|suggest
        explicitly|specifically mentioned|stated|described
        ",
    )
});

/// Returns the words that give the writer of an answer away.
pub(super) fn in_answer<'a>(answer: &Text<'a>, question: &Text<'_>) -> Option<&'a str> {
    if asks_for_places(question) {
        return None;
    }
    let words = &answer.words;
    let mut from = 0;
    while let Some(range) = ANYWHERE.find(words, from..words.len()) {
        from = range.end;
        if !(ends_in_caption(words, &range) && shows_caption(answer, question)) {
            return Some(answer.slice(range));
        }
    }
    box_of_numbers(answer.raw)
}

/// Captions that can be seen in the picture, as in a meme or a newspaper.
static VISIBLE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        caption|captions ?that|which reads|read|says|say|saying|below|above|beneath|underneath|at|under|on
        with|has a|the caption
        captioned
        ",
    )
});

fn ends_in_caption(words: &[Word], range: &Range<usize>) -> bool {
    let last = words[range.end - 1].hash;
    last == hash("caption") || last == hash("captions")
}

/// Tells whether the picture seems to show a caption.
fn shows_caption(answer: &Text<'_>, question: &Text<'_>) -> bool {
    let asked = question.words.iter().any(|word| word.hash == hash("caption"));
    asked || VISIBLE.find(&answer.words, 0..answer.words.len()).is_some()
}

/// Returns the words that give the writer of a question away.
pub(super) fn in_question<'a>(question: &Text<'a>) -> Option<&'a str> {
    if asks_for_places(question) {
        return None;
    }
    let words = &question.words;
    let all = 0..words.len();
    let found = ANYWHERE.find(words, all.clone()).or_else(|| QUESTION.find(words, all));
    found.map(|range| question.slice(range)).or_else(|| box_of_numbers(question.raw))
}

/// Tasks about regions of the picture, whose coordinates are no slip of the tongue.
static PLACES: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        ^please|can|could|would ?you ?please provide|give|output|return|predict|draw|report *4 bounding|coordinates|coordinate !provided|given
        provide|give|output|return|predict|draw|report ?me ?out ?the|its|a|all|their bounding|coordinates|coordinate !provided|given
        ^detect|locate|ground|find *8 bounding|coordinates|coordinate
        description|caption ?for ?of this|the region|area
        describe|caption this|the region|area
        ",
    )
});

fn asks_for_places(question: &Text<'_>) -> bool {
    PLACES.find(&question.words, 0..question.words.len()).is_some()
}

/// Finds four numbers from 0 to 1 in brackets, `[0.12, 0.34, 0.56, 0.78]`: a box in relative coordinates.
fn box_of_numbers(text: &str) -> Option<&str> {
    memchr::memchr_iter(b'[', text.as_bytes()).find_map(|start| {
        // Four numbers with sixteen digits each would not be a box.
        let inside = text.as_bytes()[start + 1..].iter().take(64);
        let length = inside.take_while(|&&byte| b"0123456789., ".contains(&byte)).count();
        let end = start + 1 + length;
        let numbers: Vec<&str> = text[start + 1..end].split(',').map(str::trim).collect();
        let relative = |number: &&str| number.contains('.') && number.starts_with(['0', '1', '.']);
        let boxed = text.as_bytes().get(end) == Some(&b']') && numbers.len() == 4;
        (boxed && numbers.iter().filter(|number| relative(number)).count() >= 3)
            .then(|| &text[start..=end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, answer: &str, expect: Option<&str>) {
        let (question, answer) = (Text::new(question), Text::new(answer));
        assert_eq!(in_answer(&answer, &question), expect, "{}", answer.raw);
    }

    fn check_question(question: &str, expect: Option<&str>) {
        assert_eq!(in_question(&Text::new(question)), expect, "{question}");
    }

    #[test]
    fn answers_that_betray_a_text() {
        let check = |answer, expect| check("What is in the picture?", answer, Some(expect));
        check("Based on the descriptions provided, it is a dog.", "Based on the descriptions");
        check("The provided captions mention a dog.", "provided captions");
        check("The given sentences describe a man.", "given sentences");
        check("It is a bus, according to the caption.", "according to the caption");
        check("One of the sentences says that it rains.", "One of the sentences");
        check("The description mentions that the bus is fast.", "description mentions");
        check("I count 14 bounding boxes.", "bounding boxes");
        check("The dog is at [0.12, 0.3, 0.45, 0.9].", "[0.12, 0.3, 0.45, 0.9]");
        check(
            "The color is not stated in the provided sentences.",
            "not stated in the provided sentences",
        );
        check("The woman in the image is described as young.", "image is described as");
        check("From the coordinates, it is on the left.", "From the coordinates");
        check(
            "Based on the information provided, he is a skier.",
            "Based on the information provided",
        );
        check("There is no mention of a second person.", "no mention of");
        check("One of the five captions calls it golden.", "five captions");
        check("The text I was given speaks of a whale.", "text I was given");
        check("The detected objects include a ball.", "detected objects");
        check(
            "Based on the image's description, it is hard to say.",
            "Based on the image's description",
        );
    }

    #[test]
    fn answers_about_visible_texts_and_boxes() {
        let check = |answer| check("What is in the picture?", answer, None);
        check("The caption reads \"we're home\".");
        check("A meme with a caption. Based on the caption, it is about work.");
        check("A meme with a caption that says \"happy days\" below the photo.");
        check("The sign has a brief description of the trail.");
        check("The lashes are described as \"a feather\" on the package.");
        check("The names are mentioned at the bottom of the poster.");
        check("A box of chocolates with a bounding ribbon.");
        check("The cover says \"based on the description provided\" in red.");
        check("The coordinates of the endpoints of the chord are (4,0) and (-4,0).");
        check("Given the context provided by the text on the poster, it is a concert.");
        check("Please note that this description is based on the visible elements in the image.");
        check("The matrix is [1, 2, 3, 4].");
        check("The image displays a text-based message on a beige wall.");
        check("Here's a detailed description: a dog on a lawn.");
        check("According to the text on the sign, dogs are not allowed.");
        check("The context of the scene is a wedding.");
        check("Image description: a logo, and the text that comes with it.");
        check("Two boxes of pears stand on the left.");
        check("The players coordinate their moves according to the rules.");
    }

    #[test]
    fn questions_that_betray_a_text() {
        check_question("Based on the description, what is it?", Some("Based on the description"));
        check_question("What do the coordinates stand for?", Some("coordinates"));
        check_question(
            "Which appliance is mentioned in the image?",
            Some("mentioned in the image"),
        );
        check_question("What is at [0.1, 0.2, 0.3, 0.4]?", Some("[0.1, 0.2, 0.3, 0.4]"));
        check_question("Are there birds in those bounding boxes?", Some("bounding boxes"));
        check_question(
            "Based on the information given, is it a cat?",
            Some("Based on the information given"),
        );
        check_question("Write a detailed description of the given image.", None);
        check_question("Please generate detailed descriptions of the given image.", None);
        check_question("What does the caption say?", None);
        check_question("Write a caption for this image.", None);
        check_question("Describe the image in one sentence.", None);
        check_question("What can you infer from the information in the chart?", None);
        check_question("Based on the data, which year was the best?", None);
        check_question("Provide a brief description of the given image.", None);
    }

    #[test]
    fn tasks_about_regions_are_exempt() {
        let task =
            "Please provide the bounding box coordinate of the region this sentence describes: dog";
        check_question(task, None);
        check(task, "[0.12, 0.3, 0.45, 0.9]", None);
        check_question(
            "Please provide a short description for this region: [0.1, 0.2, 0.3, 0.4].",
            None,
        );
        check_question(
            "Where is it, based on the bounding box coordinates provided?",
            Some("bounding box"),
        );
    }
}
