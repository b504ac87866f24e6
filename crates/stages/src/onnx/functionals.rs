//! Functionals as ONNX operators: `[batch, frames, bins]` to `[batch, 1, functionals * bins]`.
//!
//! The same statistics as [`Functionals`], in 32 bits.

use pipe_nn::onnx::Attribute;
use pipe_speech::dsp::{Functionals, Statistic};

use super::moments::Centred;
use super::part::{FLOAT, INT64, Part};

/// Adds all functionals after the value `features`; gives back the name of the vectors.
pub(super) fn add(part: &mut Part<'_>, features: &str, functionals: &Functionals) -> String {
    let mut found = Vec::new();
    let mut known = Known {
        features,
        centred: None,
        deviations: None,
        extremes: None,
    };
    for (place, statistic) in functionals.statistics.iter().enumerate() {
        found.push(known.statistic(part, *statistic, place));
    }
    if !functionals.percentiles.is_empty() {
        found.push(percentiles(part, features, &functionals.percentiles));
    }
    match &found[..] {
        [one] => one.clone(),
        several => part.joined("vectors", several, 2),
    }
}

/// What several statistics need, once one of them has asked for it.
struct Known<'f> {
    features: &'f str,
    centred: Option<Centred>,
    deviations: Option<String>,
    /// Smallest and largest values.
    extremes: Option<(String, String)>,
}

impl Known<'_> {
    fn centred(&mut self, part: &mut Part<'_>) -> &Centred {
        let features = self.features;
        self.centred
            .get_or_insert_with(|| Centred::over_frames(part, features))
    }

    fn deviations(&mut self, part: &mut Part<'_>) -> String {
        if let Some(known) = &self.deviations {
            return known.clone();
        }
        let deviations = self.centred(part).deviations(part);
        self.deviations.insert(deviations).clone()
    }

    fn extremes(&mut self, part: &mut Part<'_>) -> (String, String) {
        let features = self.features;
        let known = self.extremes.get_or_insert_with(|| {
            let smallest = part.reduced("ReduceMin", "smallest", features, &[1]);
            (
                smallest,
                part.reduced("ReduceMax", "largest", features, &[1]),
            )
        });
        known.clone()
    }

    /// One statistic, `[batch, 1, bins]`; `place` tells it from others of its kind.
    fn statistic(&mut self, part: &mut Part<'_>, statistic: Statistic, place: usize) -> String {
        match statistic {
            Statistic::Mean => self.centred(part).means.clone(),
            Statistic::Deviation => self.deviations(part),
            Statistic::Min => self.extremes(part).0,
            Statistic::Max => self.extremes(part).1,
            Statistic::Range => {
                let (smallest, largest) = self.extremes(part);
                part.node("Sub", &format!("{place}.range"), &[&largest, &smallest])
            }
            Statistic::Slope => {
                let centred = self.centred(part).values.clone();
                slope(
                    &mut part.within(&place.to_string()),
                    self.features,
                    &centred,
                )
            }
            Statistic::Skewness => self.standardised_moment(part, place, 3),
            Statistic::Kurtosis => self.standardised_moment(part, place, 4),
        }
    }

    /// The mean of the third or fourth power of what is centred, in units of the deviation; 0 where that is 0. A normal
    /// distribution has no fourth one here.
    fn standardised_moment(&mut self, part: &mut Part<'_>, place: usize, power: usize) -> String {
        let deviations = self.deviations(part);
        let centred = self.centred(part).values.clone();
        let mut part = part.within(&place.to_string());
        let zero = part.float("zero", 0.0);
        let one = part.float("one", 1.0);
        let changes = part.node("Greater", "changes", &[&deviations, &zero]);
        let units = part.node("Where", "units", &[&changes, &deviations, &one]);
        let standardised = part.node("Div", "standardised", &[&centred, &units]);
        let mut product = standardised.clone();
        for factor in 1..power {
            product = part.node(
                "Mul",
                &format!("product_{factor}"),
                &[&product, &standardised],
            );
        }
        let mut moment = part.reduced("ReduceMean", "moment", &product, &[1]);
        if power == 4 {
            let normal = part.float("normal", 3.0);
            moment = part.node("Sub", "excess", &[&moment, &normal]);
        }
        part.node("Where", "moment_or_zero", &[&changes, &moment, &zero])
    }
}

/// The slope of the line of least squares; 0 for one frame.
fn slope(part: &mut Part<'_>, features: &str, centred: &str) -> String {
    let frames = part.length("frames", features, 1);
    let (zero, one) = (part.int("first", 0), part.int("step", 1));
    let numbers = part.node("Range", "frame_numbers", &[&zero, &frames, &one]);
    let numbers = part.cast("frame_places", &numbers, FLOAT);
    let middle = part.node_with(
        "ReduceMean",
        "middle",
        &[&numbers],
        &[("keepdims", Attribute::Int(1))],
    );
    let from_middle = part.node("Sub", "from_middle", &[&numbers, &middle]);
    let from_middle = part.unsqueezed("from_middle_column", &from_middle, &[0, 2]);
    let products = part.node("Mul", "products", &[&from_middle, centred]);
    let products = part.reduced("ReduceMean", "mean_products", &products, &[1]);
    let squares = part.node("Mul", "squares_from_middle", &[&from_middle, &from_middle]);
    let squares = part.reduced("ReduceMean", "mean_squares", &squares, &[1]);
    // Of one frame both are 0.
    let least = part.float("least", f32::MIN_POSITIVE);
    let squares = part.node("Max", "mean_squares_or_least", &[&squares, &least]);
    part.node("Div", "slope", &[&products, &squares])
}

/// Percentiles between values by linear interpolation: `[batch, 1, percentiles * bins]`.
fn percentiles(part: &mut Part<'_>, features: &str, percents: &[f64]) -> String {
    let mut part = part.within("percentiles");
    let frames = part.length("frames", features, 1);
    let count = part.unsqueezed("frame_count", &frames, &[0]);
    let (sorted, order) = (part.named("sorted"), part.named("order"));
    let attributes = [
        ("axis", Attribute::Int(1)),
        ("largest", Attribute::Int(0)),
        ("sorted", Attribute::Int(1)),
    ];
    let inputs = [features, count.as_str()];
    (part.graph).push("TopK", &sorted, &inputs, &[&sorted, &order], &attributes);
    let one = part.int("one", 1);
    let last = part.node("Sub", "last_frame", &[&frames, &one]);
    let last_place = part.cast("last_place", &last, FLOAT);
    let shares: Vec<f32> = (percents.iter())
        .map(|percent| (percent / 100.0).clamp(0.0, 1.0) as f32)
        .collect();
    let shares = part.floats("shares", &[shares.len()], &shares);
    let places = part.node("Mul", "places", &[&shares, &last_place]);
    let below = part.node("Floor", "places_below", &[&places]);
    let parts = part.node("Sub", "parts", &[&places, &below]);
    let parts = part.unsqueezed("parts_column", &parts, &[1]);
    let below = part.cast("frames_below", &below, INT64);
    let above = part.node("Add", "next_frames", &[&below, &one]);
    let above = part.node("Min", "frames_above", &[&above, &last]);
    let axis = [("axis", Attribute::Int(1))];
    let below = part.node_with("Gather", "below", &[&sorted, &below], &axis);
    let above = part.node_with("Gather", "above", &[&sorted, &above], &axis);
    let distance = part.node("Sub", "distance", &[&above, &below]);
    let distance = part.node("Mul", "part_of_distance", &[&parts, &distance]);
    let found = part.node("Add", "between", &[&below, &distance]);
    let shape = part.ints("row", &[0, 1, -1]);
    part.node("Reshape", "rows", &[&found, &shape])
}
