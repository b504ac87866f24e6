//! Which build of the hot code runs: the one for this processor, or the portable one on every processor.
//!
//! Both give the same bits: sums are cut and added in a fixed order, and a multiply-add is fused in both or in
//! neither. The switch lets anybody prove that on a machine, at the price of speed, so it stays out of keys.
//!
//! Nothing whose bits are promised calls `exp`, `ln` or `cos` of the C library, whose last bit may differ from one
//! version of it to another: [`crate::exact`] is used instead. One place is left, the double-precision sines inside the
//! `rustfft` crate; rounded to single precision, none of those tried differed between glibc and musl.

use std::sync::atomic::{AtomicBool, Ordering};

static PORTABLE: AtomicBool = AtomicBool::new(false);

/// From now on only portable code runs in this process.
pub fn force_portable() {
    PORTABLE.store(true, Ordering::Relaxed);
}

/// Whether code for AVX2 may run.
pub fn avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        !PORTABLE.load(Ordering::Relaxed) && is_x86_feature_detected!("avx2")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Whether code for AVX2 with fused multiply-add may run.
pub fn avx2_fma() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        avx2() && is_x86_feature_detected!("fma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Whether code for AVX-512F may run.
pub fn avx512f() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        !PORTABLE.load(Ordering::Relaxed) && is_x86_feature_detected!("avx512f")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// The vector instructions that hot code chooses between, as found on this machine, and whether they were left aside.
pub fn description() -> String {
    let mut text = std::env::consts::ARCH.to_string();
    #[cfg(target_arch = "x86_64")]
    for (name, found) in [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
    ] {
        if found {
            text.push(' ');
            text.push_str(name);
        }
    }
    if PORTABLE.load(Ordering::Relaxed) {
        text.push_str(", portable");
    }
    text
}
