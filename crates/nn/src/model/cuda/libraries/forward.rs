//! The macro that defines C functions which hand their arguments to the same function of an opened library.

use std::ops::RangeInclusive;

/// Defines the functions of one library: `forward! { LIBRARY, MODULE OF CUDARC -> STATUS, CODE, KNOWN, OTHER;
/// name(argument: kind, ...); ... }`. A call gives `CODE` where the library or the function is missing, and `OTHER`
/// where the library gives a number that is not among `KNOWN`. After `=>` there may be a function that makes another
/// status of it.
macro_rules! forward {
    ($library:path, $sys:ident -> $status:ident, $missing:expr, $known:expr, $other:expr;
     $($name:ident($($argument:ident: $kind:ty),* $(,)?) $(=> $after:expr)?;)*) => {$(
        /// # Safety
        /// As the library's own function asks. Nothing else in this program defines one of this name.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $kind),*) -> $status {
            type Function = unsafe extern "C" fn($($kind),*) -> u32;
            // Compares with the declaration that is called.
            const _: unsafe extern "C" fn($($kind),*) -> $status = $sys::$name;
            static FOUND: std::sync::OnceLock<Option<Function>> = std::sync::OnceLock::new();
            let name = concat!(stringify!($name), "\0");
            // SAFETY: the type is that of the function, as cudarc declares it, but for the status: that is a number.
            let status = match FOUND.get_or_init(|| unsafe { $crate::model::cuda::libraries::find($library(), name) }) {
                Some(function) => {
                    // SAFETY: what the caller promises is what the function asks.
                    let number = unsafe { function($($argument),*) };
                    match $crate::model::cuda::libraries::forward::is_known(number, &$known) {
                        // SAFETY: the status is such a number, and this is one of its values.
                        true => unsafe { std::mem::transmute::<u32, $status>(number) },
                        false => $other,
                    }
                }
                None => $missing,
            };
            $(let status = ($after)(status);)?
            status
        }
    )*};
}
pub(super) use forward;

/// Whether cudarc knows a number: libraries newer than it give others, which must not become a value of its enums.
pub fn is_known(number: u32, known: &[RangeInclusive<u32>]) -> bool {
    known.iter().any(|range| range.contains(&number))
}
