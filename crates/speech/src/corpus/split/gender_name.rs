//! Genders in tables of splits.

use crate::corpus::Gender;

pub(super) fn gender_name(gender: Option<Gender>) -> &'static str {
    gender.map_or("-", Gender::name)
}
