//! Spherical k-means (Dhillon, Modha 2001): unit vectors in k clusters by cosine, with k-means++ seeding.

use fastrand::Rng;

/// The same library has the same clusters on every start.
const SEED: u64 = 0x5eed;
/// Rounds at most. After 10 to 20 hardly a skill changes its cluster, and labels need no more.
const ROUNDS: usize = 25;

/// Vectors in clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// For each row its cluster.
    pub of: Vec<u32>,
    /// For each row the cosine with the centre of its cluster.
    pub cosine: Vec<f32>,
    pub rounds: usize,
}

/// Clusters for `rows` vectors: √(n/2), the rule of thumb of Mardia, Kent and Bibby (1979), and not more than a person
/// reads through.
pub fn clusters_for(rows: usize) -> usize {
    const MOST: usize = 40;
    ((rows as f64 / 2.0).sqrt().round() as usize).clamp(1, MOST).min(rows.max(1))
}

/// `products` gives the inner product of one vector with every row, in the order of `rows`, which are of length 1.
/// `None` when `is_stopped` says on the way that nobody wants it any more.
///
/// Where a cluster loses all its rows, its centre moves to the row that is worst off, so that there are `k` clusters
/// as long as there are `k` different rows.
pub fn cluster(
    rows: &[Vec<f32>],
    k: usize,
    products: &dyn Fn(&[f32]) -> Vec<f32>,
    is_stopped: &dyn Fn() -> bool,
) -> Option<Clusters> {
    let mut centres = seeds(rows, k, products, is_stopped)?;
    let mut now = assign(rows.len(), &centres, products, is_stopped)?;
    for round in 1..=ROUNDS {
        centres = moved(rows, &now, centres);
        let next = assign(rows.len(), &centres, products, is_stopped)?;
        let settled = next.of == now.of;
        now = Clusters { rounds: round, ..next };
        if settled {
            break;
        }
    }
    Some(now)
}

/// k-means++ (Arthur, Vassilvitskii 2007) with 1 − cosine as the distance: each next centre is a row drawn in
/// proportion to how far it is from those chosen already. Fewer than `k` where the rows are not that many different
/// ones.
fn seeds(
    rows: &[Vec<f32>],
    k: usize,
    products: &dyn Fn(&[f32]) -> Vec<f32>,
    is_stopped: &dyn Fn() -> bool,
) -> Option<Vec<Vec<f32>>> {
    /// Rows nearer than this to a centre are the same row, up to the rounding of f16.
    const SAME: f32 = 1e-3;
    let mut random = Rng::with_seed(SEED);
    let mut centres: Vec<Vec<f32>> = Vec::with_capacity(k);
    let mut distance = vec![1.0f32; rows.len()];
    while centres.len() < k {
        if is_stopped() {
            return None;
        }
        let total: f64 = distance.iter().map(|&far| f64::from(far)).sum();
        let mut left = random.f64() * total;
        let drawn = distance.iter().position(|&far| {
            left -= f64::from(far);
            far > 0.0 && left <= 0.0
        });
        // Rounding may leave a rest at the end of the list.
        let Some(row) = drawn.or_else(|| distance.iter().rposition(|&far| far > 0.0)) else { break };
        centres.push(rows[row].clone());
        for (far, product) in distance.iter_mut().zip(products(&rows[row])) {
            let fresh = 1.0 - product;
            *far = if fresh < SAME { 0.0 } else { far.min(fresh) };
        }
        distance[row] = 0.0;
    }
    Some(centres)
}

/// Each row to the nearest centre, the earlier one where two are as near.
fn assign(
    rows: usize,
    centres: &[Vec<f32>],
    products: &dyn Fn(&[f32]) -> Vec<f32>,
    is_stopped: &dyn Fn() -> bool,
) -> Option<Clusters> {
    let mut best = Clusters { of: vec![0; rows], cosine: vec![f32::NEG_INFINITY; rows], rounds: 0 };
    for (number, centre) in centres.iter().enumerate() {
        if is_stopped() {
            return None;
        }
        for (row, product) in products(centre).into_iter().enumerate() {
            if product > best.cosine[row] {
                (best.of[row], best.cosine[row]) = (number as u32, product);
            }
        }
    }
    Some(best)
}

/// The mean direction of each cluster.
fn moved(rows: &[Vec<f32>], clusters: &Clusters, before: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let mut sums: Vec<Vec<f32>> = before.iter().map(|centre| vec![0.0; centre.len()]).collect();
    for (row, &cluster) in rows.iter().zip(&clusters.of) {
        for (sum, number) in sums[cluster as usize].iter_mut().zip(row) {
            *sum += number;
        }
    }
    let mut worst: Vec<usize> = (0..rows.len()).collect();
    worst.sort_by(|&a, &b| clusters.cosine[a].total_cmp(&clusters.cosine[b]));
    let mut worst = worst.into_iter();
    for sum in &mut sums {
        let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
        if length > 0.0 {
            sum.iter_mut().for_each(|number| *number /= length);
        } else if let Some(row) = worst.next() {
            sum.clone_from(&rows[row]);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(angle: f32) -> Vec<f32> {
        vec![angle.cos(), angle.sin()]
    }

    fn run(rows: &[Vec<f32>], k: usize) -> Clusters {
        let products = |query: &[f32]| rows.iter().map(|row| row.iter().zip(query).map(|(a, b)| a * b).sum()).collect();
        cluster(rows, k, &products, &|| false).unwrap()
    }

    #[test]
    fn rows_that_lie_together_are_together() {
        // Three bundles on a circle, their rows mixed.
        let rows: Vec<Vec<f32>> = (0..60).map(|row| unit((row % 3) as f32 * 2.0 + (row / 3) as f32 * 0.01)).collect();
        let found = run(&rows, 3);
        for row in 0..60 {
            assert_eq!(found.of[row], found.of[row % 3], "row {row}");
            // No row is further from its centre than the bundle is wide.
            assert!(found.cosine[row] > 0.19f32.cos());
        }
        let mut numbers = found.of[..3].to_vec();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(found, run(&rows, 3));
    }

    #[test]
    fn a_row_is_nearest_to_its_own_centre() {
        let mut random = Rng::with_seed(7);
        let rows: Vec<Vec<f32>> = (0..500).map(|_| unit(random.f32() * std::f32::consts::TAU)).collect();
        let found = run(&rows, 8);
        assert!(found.rounds < ROUNDS, "it settled after {} rounds", found.rounds);
        let centres = moved(&rows, &found, vec![vec![0.0; 2]; 8]);
        for (row, vector) in rows.iter().enumerate() {
            let own = found.cosine[row];
            for centre in &centres {
                let cosine: f32 = vector.iter().zip(centre).map(|(a, b)| a * b).sum();
                assert!(cosine <= own + 1e-5);
            }
        }
    }

    #[test]
    fn copies_make_no_clusters_of_their_own() {
        let rows = vec![unit(1.0), unit(1.0), unit(1.0), unit(2.5)];
        let found = run(&rows, 3);
        assert_eq!(found.of[..3], [found.of[0]; 3]);
        assert_ne!(found.of[0], found.of[3]);
        assert_eq!(run(&[], 1).of, [0u32; 0]);
    }

    #[test]
    fn nobody_waits_for_clusters_that_nobody_wants() {
        let rows = vec![unit(0.0); 4];
        assert_eq!(cluster(&rows, 2, &|_| vec![0.0; 4], &|| true), None);
    }

    #[test]
    fn there_are_as_many_clusters_as_one_can_read() {
        assert_eq!([0, 1, 2, 76, 772, 6_810, 80_000].map(clusters_for), [1, 1, 1, 6, 20, 40, 40]);
    }
}
