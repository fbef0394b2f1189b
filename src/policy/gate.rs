//! One gate: a score against the scores before it, as the share to keep demands.

use super::window::Window;
use crate::scale::Score;

/// Fewest scores of a window from which templated requests can be told.
const MIN_TEMPLATED: usize = 20;

/// Guards `floor(share * m)` against products such as 0.29 * 100 = 28.999999999999996.
const ROUNDING: f64 = 1e-9;

/// What a gate says of one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// Whether the score passes.
    pub passed: bool,
    /// The cut at that time.
    pub cut: Score,
    /// The smallest share of samples to keep at which the score would have passed, above 0 and at most 1.
    /// `None` where the cut is fixed.
    pub needed: Option<f64>,
    /// How many scores before it the cut comes from; 0 if it comes from the reference quantiles.
    pub history: usize,
}

/// Compares a score with a fixed minimum.
pub(super) fn fixed(score: Score, minimum: Score) -> Passage {
    Passage { passed: score >= minimum, cut: minimum, needed: None, history: 0 }
}

/// Compares a score with the cut that keeps `share` of the window.
///
/// With m scores before it, the cut is the k-th largest, k = max(1, floor(share * m)). A score above the
/// cut passes. Of those that equal it as many pass as the share still has room for: `tie`, a number from 0
/// to 1 that comes from the content, decides which.
pub(super) fn streaming(score: Score, tie: f64, share: f64, window: &Window) -> Passage {
    let history = window.len();
    if share >= 1.0 {
        return Passage {
            passed: true,
            cut: Score::MIN,
            needed: Some(needed(score, tie, window)),
            history,
        };
    }
    let k = places(share, history);
    let cut = window.largest(k).unwrap_or(Score::MIN);
    let passed = k >= place_needed(score, tie, window);
    Passage { passed, cut, needed: Some(needed(score, tie, window)), history }
}

/// Compares a score with the reference quantile that keeps `share` of real data.
///
/// `quantiles` are 101 ascending scores: 0 %, 1 %, ..., 100 %, linear in between.
pub(super) fn reference(score: Score, share: f64, quantiles: &[f64]) -> Passage {
    let cut =
        if share >= 1.0 { Score::MIN } else { Score::round(quantile(quantiles, 1.0 - share)) };
    Passage {
        passed: score >= cut,
        cut,
        needed: Some(reference_share(score, quantiles)),
        history: 0,
    }
}

/// Tells whether the window shows templated requests: fewer than one score in ten differs.
///
/// There are only 10,001 different scores, so a window counts as 10,000 scores at most here.
pub(super) fn templated(window: &Window) -> bool {
    let counted = window.len().min(usize::from(Score::STEPS));
    counted >= MIN_TEMPLATED && window.distinct() * 10 < counted
}

fn places(share: f64, history: usize) -> usize {
    // Shares are within 0..=1, so the product is at most the window's length.
    ((share * history as f64 + ROUNDING).floor() as usize).max(1)
}

/// Returns the smallest k at which the score passes.
fn place_needed(score: Score, tie: f64, window: &Window) -> usize {
    let equal = window.equal(score);
    window.above(score) + (tie * equal as f64).floor() as usize + 1
}

fn needed(score: Score, tie: f64, window: &Window) -> f64 {
    let place = place_needed(score, tie, window) as f64;
    (place / window.len().max(1) as f64).min(1.0)
}

fn quantile(quantiles: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (quantiles.len() - 1) as f64;
    let low = place.floor() as usize;
    let high = place.ceil() as usize;
    quantiles[low] + (quantiles[high] - quantiles[low]) * (place - low as f64)
}

/// Returns the share of real data that scores at least `score`, in steps of one per mille.
fn reference_share(score: Score, quantiles: &[f64]) -> f64 {
    let passes =
        |mille: u32| score >= Score::round(quantile(quantiles, 1.0 - f64::from(mille) / 1000.0));
    (1..1000).find(|&mille| passes(mille)).map_or(1.0, |mille| f64::from(mille) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(steps: &[u16]) -> Window {
        let mut window = Window::new(1000);
        for &step in steps {
            window.push(score(step));
        }
        window
    }

    fn score(steps: u16) -> Score {
        Score::from_steps(steps).expect("in range")
    }

    #[test]
    fn the_cut_is_the_kth_largest() {
        let ten: Vec<u16> = (1..=10).map(|n| n * 100).collect();
        for (share, cut) in [(0.3, 800), (0.29, 900), (0.05, 1000), (0.99, 200), (0.1, 1000)] {
            let passage = streaming(score(500), 0.5, share, &window(&ten));
            assert_eq!(passage.cut, score(cut), "{share}");
            assert_eq!(passage.passed, 500 >= cut, "{share}");
        }
        assert!(streaming(score(0), 0.99, 1.0, &window(&ten)).passed);
        assert_eq!(streaming(score(750), 0.5, 0.2, &window(&ten)).needed, Some(0.4));
        assert_eq!(streaming(score(50), 0.5, 0.2, &window(&ten)).needed, Some(1.0));
    }

    #[test]
    fn a_share_that_is_no_binary_fraction_counts_right() {
        assert_eq!(places(0.29, 100), 29);
        assert_eq!(places(0.3, 10), 3);
        assert_eq!(places(0.001, 10), 1);
    }

    #[test]
    fn equal_scores_meet_the_share() {
        let same = window(&[5000; 1000]);
        let passed = (0..1000)
            .filter(|n| streaming(score(5000), f64::from(*n) / 1000.0, 0.3, &same).passed)
            .count();
        assert_eq!(passed, 300);
        assert!(streaming(score(5001), 0.99, 0.3, &same).passed);
        assert!(!streaming(score(4999), 0.0, 0.3, &same).passed);
    }

    #[test]
    fn templated_requests_are_told() {
        assert!(!templated(&window(&[5000; 19])));
        assert!(templated(&window(&[5000; 20])));
        let varied: Vec<u16> = (0..20).map(|n| n % 2).collect();
        assert!(!templated(&window(&varied)));
    }

    #[test]
    fn reference_quantiles_stand_in() {
        let uniform: Vec<f64> = (0..=100).map(|n| f64::from(n) / 100.0).collect();
        let passage = reference(score(7500), 0.3, &uniform);
        assert_eq!(passage.cut, score(7000));
        assert!(passage.passed);
        assert_eq!(passage.needed, Some(0.25));
        assert!(!reference(score(6999), 0.3, &uniform).passed);
    }

    proptest! {
        #[test]
        fn a_higher_score_never_fares_worse(
            steps in proptest::collection::vec(0u16..=20, 1..100), low in 0u16..=20, high in 0u16..=20,
            share in 0.01f64..1.0, tie in 0.0f64..1.0,
        ) {
            let window = window(&steps);
            let (low, high) = (low.min(high), low.max(high));
            let (worse, better) =
                (streaming(score(low), tie, share, &window), streaming(score(high), tie, share, &window));
            prop_assert!(better.passed >= worse.passed);
            prop_assert!(better.needed <= worse.needed);
        }

        #[test]
        fn needed_is_the_share_at_which_it_passes(
            steps in proptest::collection::vec(0u16..=20, 1..100), probe in 0u16..=20, tie in 0.0f64..1.0,
        ) {
            let window = window(&steps);
            let needed = streaming(score(probe), tie, 0.5, &window).needed.expect("streaming");
            prop_assert!(streaming(score(probe), tie, needed, &window).passed);
            let less = needed - 1.5 / steps.len() as f64;
            if less > 0.0 && needed < 1.0 && needed > 1.0 / steps.len() as f64 {
                prop_assert!(!streaming(score(probe), tie, less, &window).passed);
            }
        }

        #[test]
        fn above_the_cut_passes_and_below_does_not(
            steps in proptest::collection::vec(0u16..=50, 1..100), probe in 0u16..=50,
            share in 0.01f64..0.99, tie in 0.0f64..1.0,
        ) {
            let passage = streaming(score(probe), tie, share, &window(&steps));
            if score(probe) != passage.cut {
                prop_assert_eq!(passage.passed, score(probe) > passage.cut);
            }
        }
    }
}
