//! One source, two builds: a function compiled for any machine and again for AVX2 with FMA.

/// Defines a function whose body is compiled twice; the AVX2 build runs where the machine has it.
///
/// The second name is the portable build, for tests to compare with.
#[macro_export]
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident / $portable:ident ($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $ty),*) {
                $portable($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            if $crate::arithmetic::avx2_fma() {
                // SAFETY: both features are present.
                unsafe { avx2($($arg),*) };
                return;
            }
            $portable($($arg),*)
        }

        #[inline(always)]
        $vis fn $portable($($arg: $ty),*) $body
    };
}
