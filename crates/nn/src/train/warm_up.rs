//! The rise of the learning rate over the first updates.

/// Factor of update number `update` (from 0): linear over the first `updates`, 1 after them
/// (Goyal et al., 2017; `LinearLR` with `start_factor = 1 / updates`).
pub(super) fn warm_up(update: usize, updates: usize) -> f64 {
    if update + 1 >= updates {
        return 1.0;
    }
    (update + 1) as f64 / updates as f64
}

#[cfg(test)]
mod tests {
    use crate::train::LearningRateSchedule;

    use super::*;

    #[track_caller]
    fn agree(name: &str, found: impl Fn(usize) -> f64) {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/golden/optimiser/schedules.json"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let all: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = all[name].as_array().unwrap();
        assert_eq!(expected.len(), 12);
        for (update, expected) in expected.iter().enumerate() {
            let found = 0.5 * found(update) / expected.as_f64().unwrap();
            assert!((found - 1.0).abs() < 1e-12, "{name} at {update}: {found}");
        }
    }

    #[test]
    fn the_rise_agrees_with_pytorch() {
        let halves = r#"{"shape":"step","every_epochs":1,"factor":0.5}"#;
        let halves: LearningRateSchedule = serde_json::from_str(halves).unwrap();
        agree("warm_up", |update| warm_up(update, 8));
        agree("warm_up_step", |update| {
            halves.factor(update / 4, 3) * warm_up(update, 6)
        });
        assert_eq!(warm_up(0, 0), 1.0);
    }
}
