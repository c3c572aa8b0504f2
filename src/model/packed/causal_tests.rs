use super::*;
use crate::model::packed::Level;
use crate::model::packed::tests::{levels, numbers};
use crate::model::packed::tiles::left_operand;

const HEADS: Heads = Heads { count: 4, size: 32 };
const GROUP: usize = 2;
/// Columns of all key heads.
const KEYS: usize = 64;

/// Rows `[tokens, KEYS]` as right operands, by the functions that layers use.
fn operands(rows: &[f32], make: impl Fn(Lanes, &Block, &[f32; BLOCK], &mut Pair)) -> Vec<Pair> {
    let panels = rows.chunks(BLOCK * KEYS).flat_map(|panel| {
        (0..KEYS / BLOCK).map(move |column| {
            let mut block = Block::ZERO;
            for (row, values) in panel.chunks_exact(KEYS).enumerate() {
                block.row_mut(row).copy_from_slice(&values[column * BLOCK..][..BLOCK]);
            }
            block
        })
    });
    let operand = |block| {
        let mut pair = Pair::ZERO;
        make(Lanes::Loops, &block, &[0.0; BLOCK], &mut pair);
        pair
    };
    panels.map(operand).collect()
}

fn kept(keys: &[f32], values: &[f32]) -> Kept {
    Kept { keys: operands(keys, Lanes::keys), values: operands(values, Lanes::values), tokens: keys.len() / KEYS }
}

/// Attention by definition, in f64: one query of all heads over all tokens; what it gives, and its weights.
fn slowly(query: &[f32], keys: &[f32], values: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let (mut out, mut all) = (Vec::new(), Vec::new());
    for head in 0..HEADS.count {
        let columns = head / GROUP * HEADS.size..(head / GROUP + 1) * HEADS.size;
        let query = &query[head * HEADS.size..][..HEADS.size];
        let dot = |key: &[f32]| -> f64 { query.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
        // Queries come multiplied with log₂ e / √size.
        let weights: Vec<f64> = keys.chunks_exact(KEYS).map(|key| dot(&key[columns.clone()]).exp2()).collect();
        let total: f64 = weights.iter().sum();
        for column in columns {
            let values = values.chunks_exact(KEYS).map(|value| f64::from(value[column]));
            out.push(values.zip(&weights).map(|(value, weight)| value * weight).sum::<f64>() / total);
        }
        all.extend(weights.iter().map(|weight| weight / total));
    }
    (out, all)
}

/// A panel in the middle of the last of three places, of which none ends where a panel does: every token before a
/// query is seen once and nothing after it.
#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn three_places_are_one_text() {
    let tokens = [37, 5, 70];
    let (all, width) = (tokens.iter().sum::<usize>(), HEADS.width());
    let (queries, keys, values) = (numbers(BLOCK * width, 1), numbers(all * KEYS, 2), numbers(all * KEYS, 3));
    let mut rest = (&keys[..], &values[..]);
    let places = tokens.map(|count| {
        let (keys, later_keys) = rest.0.split_at(count * KEYS);
        let (values, later_values) = rest.1.split_at(count * KEYS);
        rest = (later_keys, later_values);
        kept(keys, values)
    });
    for level in levels() {
        let places = [0, 1, 2].map(|place| places[place].place(tokens[place]));
        assert_sees(level, Causal { heads: HEADS, group: GROUP, places }, &queries, &keys, &values, 42);
    }
}

/// Queries are tokens 32 to 63 of the last place, which `before` tokens precede.
fn assert_sees(level: Level, causal: Causal, queries: &[f32], keys: &[f32], values: &[f32], before: usize) {
    let width = HEADS.width();
    let tiles = left_operand(queries, width);
    let mut out = vec![Pair::ZERO; width / BLOCK];
    let weights = level.with_multiply(|multiply| {
        causal.attend(Lanes::best(), multiply, &tiles, [BLOCK, 30], &mut Scratch::default(), &mut out);
        causal.weights(multiply, &tiles, BLOCK)
    });
    for row in 0..30 {
        let seen = (before + BLOCK + row + 1) * KEYS;
        let (expected, shares) = slowly(&queries[row * width..][..width], &keys[..seen], &values[..seen]);
        for (at, want) in expected.iter().enumerate() {
            let got = f64::from(crate::model::packed::tiles::widened(out[at / BLOCK].line(row)[at % BLOCK]));
            // Operands and weights have eight bits.
            assert!((got - want).abs() < 2e-2, "{} {row}, {at}: {got} {want}", level.label());
        }
        if row == 0 {
            assert_eq!(weights.len(), shares.len());
            assert!(weights.iter().zip(&shares).all(|(got, want)| (f64::from(*got) - want).abs() < 2e-3));
        }
    }
    assert!(out.iter().all(|pair| pair.line(30).iter().all(|value| *value == 0)), "rows that do not count are zero");
}

/// Cut in the middle of a panel and continued, what is kept is as if it had come at once.
#[test]
#[cfg_attr(miri, ignore = "a block takes minutes there")]
fn what_is_kept_goes_on_after_any_token() {
    let (keys, values) = (numbers(100 * KEYS, 4), numbers(100 * KEYS, 5));
    let other = numbers(100 * KEYS, 6);
    let whole = kept(&keys, &values);
    for cut in [1, 31, 32, 33, 64, 99] {
        let mut memory = kept(&[&keys[..cut * KEYS], &other[cut * KEYS..]].concat(), &values);
        memory.continue_with(cut, kept(&keys[cut * KEYS..], &values[cut * KEYS..]));
        assert_eq!(memory.tokens, 100);
        let same =
            |a: &[Pair], b: &[Pair]| a.iter().zip(b).all(|(a, b)| (0..BLOCK).all(|line| a.line(line) == b.line(line)));
        // The tokens behind the last in its panel are nothing's.
        let width = KEYS / BLOCK;
        assert!(same(&memory.keys[..3 * width], &whole.keys[..3 * width]), "keys after {cut}");
        assert!(same(&memory.values[..3 * width], &whole.values[..3 * width]), "values after {cut}");
        let column = |pair: &Pair| (0..4).flat_map(|column| pair.column(column)).collect::<Vec<_>>();
        assert_eq!(
            memory.keys[3 * width..].iter().map(column).collect::<Vec<_>>(),
            whole.keys[3 * width..].iter().map(column).collect::<Vec<_>>(),
            "the last four keys after {cut}"
        );
    }
}
