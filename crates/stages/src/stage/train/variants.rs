//! Registries of the networks crate as choices of a manifest, in the engine's terms.

/// The static `$variants`, a [`Variant`](pipe_engine::manifest::Variant) for each kind of a registry with `name`, `doc` and
/// `keys`. Only arrays of one length can be made before the program runs, so that keys are filled up to the same number.
macro_rules! variants {
    ($variants:ident, $registered:path) => {
        static $variants: [pipe_engine::manifest::Variant; $registered.len()] = {
            use pipe_engine::manifest::{Parameter, Shape, Variant};
            const MOST_KEYS: usize = {
                let (mut most, mut at) = (0, 0);
                while at < $registered.len() {
                    if $registered[at].keys.len() > most {
                        most = $registered[at].keys.len();
                    }
                    at += 1;
                }
                most
            };
            // A key that is never seen.
            const NONE: Parameter = Parameter::optional("", Shape::Bool, "");
            static KEYS: [[Parameter; MOST_KEYS]; $registered.len()] = {
                let mut all = [const { [NONE; MOST_KEYS] }; $registered.len()];
                let mut kind = 0;
                while kind < $registered.len() {
                    let mut at = 0;
                    while at < $registered[kind].keys.len() {
                        all[kind][at] =
                            crate::stage::key_parameter::parameter(&$registered[kind].keys[at]);
                        at += 1;
                    }
                    kind += 1;
                }
                all
            };
            const EMPTY: Variant = Variant {
                name: "",
                parameters: &[],
                doc: "",
            };
            let mut all = [EMPTY; $registered.len()];
            let mut at = 0;
            while at < $registered.len() {
                let kind = &$registered[at];
                all[at] = Variant {
                    name: kind.name,
                    parameters: KEYS[at].split_at(kind.keys.len()).0,
                    doc: kind.doc,
                };
                at += 1;
            }
            all
        };
    };
}

pub(super) use variants;
