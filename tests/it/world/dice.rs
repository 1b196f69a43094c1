//! Chance that can be had again: the same seed rolls the same numbers, in every release.

use std::ops::Range;

/// What falls is settled by its seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    /// One of these, each as likely as the next.
    pub(crate) fn pick<T: Clone>(&mut self, faces: &[T]) -> T {
        let at = usize::try_from(self.below(faces.len() as u64)).unwrap();
        faces[at].clone()
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// SplitMix64, which takes any seed.
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The seeds to try: so many, or those of the variable `KPID_SEEDS`, such as `17..18`.
pub(crate) fn seeds(usual: u64) -> Range<u64> {
    let Ok(wanted) = std::env::var("KPID_SEEDS") else { return 0..usual };
    let (from, to) = wanted.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}
