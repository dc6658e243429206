//! Where random bytes come from. The simulator brings its own seeded source; nothing else does.

use std::fmt;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills the whole of `out`.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's source.
#[derive(Clone)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// The operating system's source.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the product draws randomness"
    )]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SystemEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemEntropy")
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) {
        #[expect(
            clippy::expect_used,
            reason = "without random bytes no key, nonce or id may be made: stopping is the only safe answer"
        )]
        self.0.fill(out).expect("the operating system gives random bytes");
    }
}

/// An array of random bytes.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut out = [0; N];
    entropy.fill(&mut out);
    out
}
