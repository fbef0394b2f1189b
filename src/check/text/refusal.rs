//! Finds answers in which the generator declines: "I'm sorry, but I can't", "As an AI language model",
//! "I cannot see the image". An honest hedge inside an answer ("it is not possible to determine the
//! exact age") is none, and what a sign or a quoted person says does not count.

use std::ops::Range;
use std::sync::LazyLock;

use super::phrases::Phrases;
use super::words::Text;

/// Answers of at most this many words are all refusal where a longer one would only hedge.
const SHORT_WORDS: usize = 45;
/// A refusal at the start may be preceded by so many words: "Unfortunately,", "Thank you for asking!".
const OPENING_WORDS: usize = 8;

/// Refusals wherever they stand.
static ANYWHERE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        as an|a ?purely ?text ?based ai|artificial
        as an|a ?large language|ai model
        i am ?just|only|merely|simply an|a ?purely ?text ?based ai ?language|assistant|model|chatbot
        i am ?just|only|merely|simply a ?large language model
        i am ?just|only|merely|simply a text ?based language|ai|model|assistant
        my programming|guidelines|training *3 not|prevent|prevents|prohibit|prohibits
        against my programming|guidelines|policy|policies
        i can not|never ?directly|actually|physically|currently see|view|access|open|load|display|process|analyze|examine|inspect|observe ?or ?see|view|analyze|interpret ?the|this|that|your|any|an|these|those ?attached|provided|actual|specific|uploaded|given image|images|picture|pictures|photo|photos|photograph|photographs|link|links|url|urls|attachment|attachments|visual
        i am unable|not|incapable ?able ?to ?of ?directly|actually|physically|currently see|view|access|open|load|display|process|analyze|examine|inspect|observe|viewing|seeing ?or ?see|view|analyze|interpret ?the|this|that|your|any|an|these|those ?attached|provided|actual|specific|uploaded|given image|images|picture|pictures|photo|photos|photograph|photographs|link|links|url|urls|attachment|attachments|visual
        i do not have ?the|any ?direct|visual|actual|physical access|ability|capability|capabilities|capacity to
        i do not have ?the|any|an ?necessary|actual|attached image|picture|photo
        i do not see an|any ?attached|uploaded image|images|picture|photo|attachment
        i lack the ability|capability to
        i do not have eyes
        i am unable|not ?able to provide|give|generate|offer a|an|any ?detailed|accurate|specific|meaningful|proper description|caption|analysis !of
        no image|picture|photo|photograph|attachment was|is|has|were ?been provided|attached|uploaded|given|included|shared
        there is|'s no image|picture|photo|attachment provided|attached|uploaded|included|here
        image|picture|photo you 've|have provided|shared|uploaded|attached is not visible|available|accessible
        image|picture|photo you provided|shared|uploaded|attached is not visible|available|accessible
        image|picture|photo did not|not load|upload|come
        please ?try ?to provide|upload|share|attach|send ?me ?us an|a|the|your|another ?valid|correct|clearer|larger|different|specific|new|better|actual|relevant ?and ?clearer|larger image|picture|photo|photograph
        please ?also upload|reupload ?the|your|it
        if you can|could|would ?please|kindly provide|share|upload|attach|send|give ?me a|an|the|another ?clearer|larger|different|better|specific|actual|valid|higher ?clearer|resolution|quality image|picture|photo
        i would|will|am be ?more ?than happy|glad to help|assist|describe|provide|try *12 image|picture|photo|details|context
        too small and|or blurry
        i must|have to ?respectfully|politely decline
        i can|will|must not|respectfully|decline ?decline ?to assist|comply|fulfill ?with ?you ?in that|this|your|any|such|you|unethical|illegal
        i can not|never fulfill|assist|comply
        i am unable|not to|able ?to fulfill|assist|comply
        i will not be able to fulfill|assist|comply|provide|help|answer
        我 无 法
        很 抱 歉
        if there is|'s supposed to be an|a image|picture|photo
        if you have a|an|another clearer|higher|larger|better|different|specific ?resolution|quality image|photo|picture|version
        if you have a specific question about ?the|this image|picture|photo|context|content
        if there are|is ?a|any specific|particular elements|aspect|aspects|details|element you
        not something i can|am ?able ?to help|assist|do|answer|comment|discuss
        i would|will ?rather|prefer not ?to speculate|answer|comment|respond|discuss
        i can not answer|respond|transcribe|perceive !every|all|for
        i can not look ?directly at
        i must ?therefore|regretfully|regrettably|also decline|refuse
        i have decided not to
        i am not permitted|allowed|authorized|authorised|equipped|licensed|built|designed|programmed|trained|enabled to
        i am not in a position to
        i am not able to see|look|perceive
        i am a text only
        text only system|model|assistant|ai
        i do not handle|answer|process|accept questions|requests|images|pictures
        i do not have the tools|means|permission|permissions
        i do not have opinions|beliefs|feelings
        i can neither see|hear|view
        i have no way|means to|of see|seeing|view|viewing|tell|telling|know|knowing
        outside|beyond ?of ?the ?scope ?of ?what ?i ?am my|able|allowed|permitted capabilities|abilities|scope|expertise|remit|competence|to|knowledge
        outside|beyond the scope of what i
        pictures|images|photos|photographs are|is invisible|inaccessible to me
        without access to the|any|your image|picture|photo|photograph
        without ?actually|being ?able ?to seeing|see|viewing|view the|your image|picture|photo|photograph
        nothing|none|never|not has|have|was|were|been ?been shown|shared|attached|uploaded|sent to|with me
        i have not seen|received ?the|an|any|your|either ?attached image|images|picture|pictures|photo|photos|attachment|file
        upload|uploads|attachment|file ?seems|appears ?to ?have failed|missing|corrupted
        upload|attachment|image|picture|photo did not ?seem ?to come|arrive|go
        visual|requested content|input could not be
        request|query|question|prompt can|could|will not be completed|processed|fulfilled|answered
        content policy
        against|violates|breaks ?the ?my rules|policy|policies|terms|principles i
        leave this|that|it|your ?question unanswered
        no answer|response|output is|can|will ?be available|possible|given|provided|generated
        inappropriate|irresponsible|unethical for|of me to
        have to pass on this|that|your
        ask me about|anything something|else|a ?different|another topic|subject
        us move on to another|a|something ?different|new subject|topic|else|question
        try sending|uploading|attaching|sharing it|the|your ?image|file|photo|picture again
        kindly|please rephrase
        please ?also provide more ?specific|detailed|additional context|details|information !about|on|to|in
        ",
    )
});

/// How an answer that declines may start.
static SORRY: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        ^sorry !to|you|your|that|about
        ^apologies
        ^unfortunately
        i am ?so|very|really|terribly|truly|deeply sorry|afraid !to|you|your|that|about
        i ?do ?sincerely|deeply|must apologize|regret
        my|our apologies
        ",
    )
});

/// What makes such a start a refusal.
static DECLINES: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        not ?be ?able ?directly|actually|currently|accurately ?to see|view|help|assist|provide|answer|do|give|fulfill|comply|determine|identify|tell|describe|access|generate|create|discuss|engage|write|understand|find|process|offer|share|comment|display|respond|recommend|complete|perform|analyze|support|recognize|enough|familiar|aware|comfortable|programmed|allowed|authorized|capable
        unable|incapable|impossible
        do not have ?any|the|access|enough|sufficient|specific|personal access|ability|capability|information|data|knowledge|context|enough
        it|there ?also seems|appears|looks
        there must|may|might|has ?have been|be
        question|request|prompt|message|input ?seems|appears|is ?to ?be incomplete|unclear|missing|ambiguous|empty
        but as an|a
        ",
    )
});

/// The second part of such a start begins within so many words.
const DECLINES_WITHIN: usize = 14;

/// Statements that are a refusal only if there is little else in the answer.
static SHORT: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "
        ^i can not ?accurately|definitively|directly|currently|actually provide|answer|determine|identify|tell|give|say|help|confirm|describe|do|offer|assist|generate|create|engage|discuss
        ^unfortunately i can not|unable
        ^i am unable|not|incapable ?able ?to ?of ?accurately|definitively|directly|currently provide|providing|answer|answering|determine|identify|tell|give|say|help|confirm|describe|see|generate|create|recognize
        ^unfortunately i am|do unable|not
        ^i do not have ?any|enough|sufficient|the|access ?to ?any|the ?specific|necessary|required information|context|details|knowledge|data
        it 's|is not possible to provide|describe|give|generate *8 description|image|content|answer
        ^can not|unable ?to answer|say|tell|help|comply|assist
        ^no comment
        ^request denied|refused
        ^error
        ",
    )
});

/// Returns the words with which an answer declines.
pub(super) fn find<'a>(answer: &Text<'a>) -> Option<&'a str> {
    let words = &answer.words;
    let opening = words.len().min(OPENING_WORDS);
    let short = if words.len() <= SHORT_WORDS { opening } else { 0 };
    let found = sorry(answer, opening)
        .or_else(|| ANYWHERE.find(words, 0..words.len()))
        .or_else(|| SHORT.find(words, 0..short))?;
    Some(answer.slice(found))
}

/// Finds an apology within the first words that goes on to decline.
fn sorry(answer: &Text<'_>, opening: usize) -> Option<Range<usize>> {
    let words = &answer.words;
    let start = SORRY.find(words, 0..opening)?;
    let until = words.len().min(start.end + DECLINES_WITHIN);
    let end = DECLINES.find(words, start.end..until)?.end;
    Some(start.start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expect: Option<&str>) {
        assert_eq!(find(&Text::new(answer)), expect, "{answer}");
    }

    #[test]
    fn refusals_are_found() {
        check("I'm sorry, but I can't help with that.", Some("I'm sorry, but I can't help"));
        check("I’m sorry, I cannot provide that.", Some("I’m sorry, I cannot provide"));
        check("As an AI language model, I see no colors.", Some("As an AI"));
        check(
            "It is red. However, as an artificial intelligence I may err.",
            Some("as an artificial"),
        );
        check("I cannot see the image.", Some("I cannot see the image"));
        check(
            "Well, I am unable to view the picture you sent.",
            Some("I am unable to view the picture"),
        );
        check("I apologize, but I am unable to say.", Some("I apologize, but I am unable"));
        check(
            "Unfortunately, I'm not able to identify him.",
            Some("Unfortunately, I'm not able to identify"),
        );
        check("Sorry, but it seems there was a mistake.", Some("Sorry, but it seems"));
        check("Please provide a clearer image.", Some("Please provide a clearer image"));
        check(
            "The image you've provided is not visible.",
            Some("image you've provided is not visible"),
        );
        check(
            "If you can share a clearer photo, ask again.",
            Some("If you can share a clearer photo"),
        );
        check("I don't have access to images.", Some("I don't have access to"));
        check("I can't determine the man's age.", Some("I can't determine"));
        check("That is not something I can help with.", Some("not something I can help"));
        check("I must therefore decline to explain it.", Some("I must therefore decline"));
        check("It is beyond me, because I can't perceive it.", Some("I can't perceive"));
        check("The attachment did not arrive on my side.", Some("attachment did not arrive"));
        check("Cannot answer.", Some("Cannot answer"));
        check("很抱歉，我无法描述。", Some("很抱歉"));
        check("我无法描述。", Some("我无法"));
    }

    #[test]
    fn hedges_and_depicted_words_are_none() {
        check("The man refuses to give up his seat.", None);
        check("The sign says \"I'm sorry, but I can't help you\" in red.", None);
        check("a poster that reads sorry we're closed", None);
        check(
            "It is not possible to determine the time from the image alone, but it may be noon.",
            None,
        );
        check("Though I can't pinpoint the exact stage of growth, the apple looks ripe.", None);
        check("We cannot determine what she is doing, as her hand is not visible.", None);
        check("The speech bubble reads, ‘I cannot see the image’.", None);
        check("The gender of the skier cannot be determined.", None);
        check("I'm sorry to hear that. Try not to do it again.", None);
        check("His face is not visible in the image.", None);
        check("It may be a poodle. But from here, I cannot determine the exact breed.", None);
        check("There is no text on the sign, and no logo.", None);
        check("Two people apologize to each other.", None);
        check("The street in the picture appears empty.", None);
        check("Touching the ball is against the rules of the game.", None);
        check("Dear Ann, I have not seen you in ages. Then move on to another topic.", None);
        check("The bridge is closed without access to the far bank.", None);
        check("A cat would rather sleep than play.", None);
        check("The child must decline, since nobody else may answer the door.", None);
        check("He is unable to see the road because of the fog.", None);
        check("The image shows an AI model of a car.", None);
    }
}
