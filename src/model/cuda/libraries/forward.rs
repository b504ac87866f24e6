//! The macro that defines C functions which hand their arguments to the same function of an opened library.

/// Defines the functions of one library: `forward! { LIBRARY, MODULE OF CUDARC -> STATUS, CODE; name(argument: kind,
/// ...); ... }`. A call gives `CODE` where the library or the function is not there.
macro_rules! forward {
    ($library:path, $sys:ident -> $status:ident, $missing:expr;
     $($name:ident($($argument:ident: $kind:ty),* $(,)?);)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $kind),*) -> $status {
            type Function = unsafe extern "C" fn($($kind),*) -> $status;
            // Compares with the declaration that is called.
            const _: Function = $sys::$name;
            static FOUND: std::sync::OnceLock<Option<Function>> = std::sync::OnceLock::new();
            let name = concat!(stringify!($name), "\0");
            // SAFETY: the type is that of the function, as cudarc declares it.
            match FOUND.get_or_init(|| unsafe { $crate::model::cuda::libraries::find($library(), name) }) {
                // SAFETY: what the caller promises is what the function asks.
                Some(function) => unsafe { function($($argument),*) },
                None => $missing,
            }
        }
    )*};
}
pub(super) use forward;
