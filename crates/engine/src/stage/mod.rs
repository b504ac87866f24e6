//! What a stage is: three contracts, by how its work is cut.
//!
//! # What reaches a stage, and whether it is in the key
//!
//! Equal keys must mean equal results, so whatever can change a result is in the key, and whatever is left out of the
//! key must not be able to change one. What a domain's stages read of what is optional here, they add by
//! [`AggregateStage::external_inputs`] or [`ItemStage::external_inputs`].
//!
//! | what reaches the stage | in the key? |
//! |---|---|
//! | parameters | yes, all but those declared `unkeyed`, which limit the work and not the result, or decide only what a source lists |
//! | what a [`SourceListing`] lists | yes: the digest of all its items and of what is known of each |
//! | [`StepInput::content`], its order included | yes: the digest of a set covers all [`ItemFacts`](crate::artifact::ItemFacts), and of a set of files their names |
//! | what an input lists, for a stage that [takes listings](AggregateStage::takes_listings) | yes: [`AggregateStage::listing_digest`], which must cover all that the stage reads of it |
//! | [`StepInput::parameter`] | yes: it names the digest of the input |
//! | [`StepInput::step`] | no: only error messages name it |
//! | [`InputLabel`], [`StepInput::lineage`] | as far as the stage adds what it reads of them |
//! | [`AggregateContext::missing`] | yes: `missing` in place of the digest; the label as far as the stage adds it |
//! | the device of the plan | yes, for stages with [`AggregateStage::uses_device`]; the others must not depend on it |
//! | [`AggregateContext::cores`], `devices`, `resume`, `earlier`, `progress`, `out`, `scratch`; all of [`ItemContext`] | no: the result must not depend on them |
//! | input of [`ItemStage::process`] | yes: the digest of its bytes |
//! | [`ItemCopy`] | its `fingerprint`; the result must depend on no other part of it |
//! | files outside that are declared | yes, their content, which is checked again before and after the work; not their place or times |
//! | folder of the manifest, working directory, locale, time, host | no: stages must not read them |
//! | version of the program | no: the version of the stage's kind covers what it computes; only the record of a step names it, as its origin |

mod aggregate_stage;
mod core_share;
mod declared_file;
mod device;
mod each_item;
mod input;
mod item_error;
mod item_size;
mod item_stage;
mod resources;
mod source_stage;

pub use aggregate_stage::{
    AggregateContext, AggregateStage, ContentFindings, Foresight, Launch, ListedInput, Unbuilt,
};
pub use core_share::CoreShare;
pub use declared_file::{DeclaredFile, DeclaredFolder};
pub use device::{Accelerator, Device};
pub use each_item::EachItem;
pub use input::{InputContent, InputLabel, InputOrigin, LoadedItem, StepInput, stands_under};
pub use item_error::{Blame, ItemError};
pub use item_size::ItemSize;
pub use item_stage::{ItemContext, ItemCopy, ItemStage};
pub use pipe_foundation::progress::Interrupted;
pub use resources::Resources;
pub use source_stage::{FileInfos, SourceListing, SourceStage};

/// A stage, ready to run.
pub enum Stage {
    /// Lists items and reads their data.
    Source(Box<dyn SourceStage>),
    /// Works on one item after another; cached per item.
    Items(Box<dyn ItemStage>),
    /// Works on whole sets; cached as a whole.
    Aggregate(Box<dyn AggregateStage>),
}
