//! Knowing when nothing fits: what a threshold on the best score would leave unanswered, and how often what it answers
//! is wrong (El-Yaniv and Wiener, "On the foundations of noise-free selective classification", JMLR 11, 2010).

/// What happens at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Requests whose best score is at least this are answered.
    pub threshold: f32,
    /// Share of requests that are answered.
    pub coverage: f64,
    /// Share of wrong ones among the answered.
    pub risk: f64,
}

/// The whole curve, from the highest threshold to none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RiskCoverage {
    pub points: Vec<Point>,
    /// Requests that nothing was found for: no threshold makes an answer of them, so that coverage stays below one.
    pub silent: usize,
    /// Area under the curve: mean risk over all coverages that are reached; lower is better.
    pub aurc: f64,
    /// The area a perfect order of the same answers would have.
    pub ideal: f64,
}

impl RiskCoverage {
    /// From the best score of each request and whether the answer was right; to answer a request that no skill fits is
    /// never right. Equal scores are one point, because no threshold parts them. A score of negative infinity is that
    /// of a request nothing was found for.
    pub fn of(mut answers: Vec<(f32, bool)>) -> Self {
        let all = answers.len();
        answers.retain(|&(score, _)| score > f32::NEG_INFINITY);
        let count = answers.len() as f64;
        answers.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut curve = RiskCoverage { silent: all - answers.len(), ..RiskCoverage::default() };
        let (mut answered, mut wrong) = (0usize, 0usize);
        for group in answers.chunk_by(|a, b| a.0 == b.0) {
            let missed = group.iter().filter(|(_, right)| !right).count();
            // Within a tie every order is as likely: wrong ones come evenly.
            for index in 1..=group.len() {
                let share = missed as f64 * index as f64 / group.len() as f64;
                curve.aurc += (wrong as f64 + share) / (answered + index) as f64 / count;
            }
            answered += group.len();
            wrong += missed;
            let risk = wrong as f64 / answered as f64;
            curve.points.push(Point { threshold: group[0].0, coverage: answered as f64 / all as f64, risk });
        }
        let right = answered - wrong;
        curve.ideal = (1..=wrong).map(|missed| missed as f64 / (right + missed) as f64 / count).sum();
        curve
    }

    /// The point of highest coverage whose risk is at most this.
    pub fn at_risk(&self, risk: f64) -> Option<Point> {
        self.points.iter().copied().filter(|point| point.risk <= risk).max_by(|a, b| a.coverage.total_cmp(&b.coverage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_worked_out_by_hand() {
        let curve = RiskCoverage::of(vec![(0.9, true), (0.5, false), (0.7, true), (0.1, false)]);
        let risks: Vec<(f64, f64)> = curve.points.iter().map(|point| (point.coverage, point.risk)).collect();
        assert_eq!(risks, [(0.25, 0.0), (0.5, 0.0), (0.75, 1.0 / 3.0), (1.0, 0.5)]);
        assert!((curve.aurc - (1.0 / 3.0 + 0.5) / 4.0).abs() < 1e-12);
        assert_eq!(curve.aurc, curve.ideal, "right answers come first: nothing is better");
        assert_eq!(curve.at_risk(0.0).map(|point| point.threshold), Some(0.7));
    }

    #[test]
    fn a_tie_is_one_point() {
        let curve = RiskCoverage::of(vec![(1.0, true), (1.0, false)]);
        assert_eq!(curve.points, [Point { threshold: 1.0, coverage: 1.0, risk: 0.5 }]);
        assert!((curve.aurc - 0.5).abs() < 1e-12 && (curve.ideal - 0.25).abs() < 1e-12);
        assert_eq!(RiskCoverage::of(Vec::new()), RiskCoverage::default());
        assert_eq!(curve.at_risk(0.4), None);
    }

    /// One request of two finds nothing: it is never answered, and never wrong.
    #[test]
    fn what_finds_nothing_is_not_answered() {
        let curve = RiskCoverage::of(vec![(1.0, true), (f32::NEG_INFINITY, false)]);
        assert_eq!(curve.points, [Point { threshold: 1.0, coverage: 0.5, risk: 0.0 }]);
        assert_eq!((curve.silent, curve.aurc), (1, 0.0));
        assert_eq!(RiskCoverage::of(vec![(f32::NEG_INFINITY, false)]).points, []);
    }
}
