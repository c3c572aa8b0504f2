//! Packed rows as padded batches, for devices on which one large product is faster than many small ones. Only
//! attention pads: everything else sees the packed rows.

use candle_core::{DType, Device, Tensor};

use super::plan::{Piece, Plan};

/// Query rows of a piece that are attended to at once: bounds what a long piece wastes on keys it may not see.
const ROWS: usize = 1024;

/// Scores of a batch: 1 GiB in f32, and twice that while they are masked and turned to weights.
const SCORES: usize = 1 << 28;

/// Rows of queries, keys and values for the attention of a call.
pub struct Gather {
    pub batches: Vec<Batch>,
    /// Where each query's answer is among the padded rows of all batches.
    pub back: Tensor,
}

/// Blocks of queries over keys, padded to the longest.
pub struct Batch {
    /// Blocks, queries of each, keys of each.
    pub shape: (usize, usize, usize),
    /// `[blocks · queries]`
    pub queries: Tensor,
    /// `[blocks · keys]`, in rows that begin with the kept tokens.
    pub keys: Tensor,
    /// 0 where a query sees a key and −∞ where not: `[blocks, 1, 1, queries, keys]`.
    pub mask: Tensor,
}

/// Consecutive queries of one piece.
struct Block {
    piece: Piece,
    /// Rows of the piece before these.
    before: usize,
    rows: usize,
    /// Row of the first query among the queries.
    query: usize,
}

impl Block {
    /// Keys its last query sees.
    fn keys(&self, plan: &Plan) -> usize {
        plan.kept + self.piece.shared + self.before + self.rows
    }
}

impl Gather {
    /// For queries of all rows.
    pub fn all(plan: &Plan, heads: usize, device: &Device) -> candle_core::Result<Self> {
        let blocks = plan.pieces().into_iter().flat_map(|piece| {
            let length = piece.rows.len();
            (0..length).step_by(ROWS).map(move |before| Block {
                before,
                rows: ROWS.min(length - before),
                query: piece.rows.start + before,
                piece: piece.clone(),
            })
        });
        Gather::of(plan, blocks.collect(), heads, device)
    }

    /// For queries of the last row of each sequence alone.
    pub fn last(plan: &Plan, heads: usize, device: &Device) -> candle_core::Result<Self> {
        let blocks = (0..plan.own.len()).map(|sequence| {
            let piece = plan.piece(sequence);
            Block { before: piece.rows.len() - 1, rows: 1, query: sequence, piece }
        });
        Gather::of(plan, blocks.collect(), heads, device)
    }

    /// Where all keys of a sequence are.
    pub fn keys_of(plan: &Plan, sequence: usize) -> Vec<u32> {
        let piece = plan.piece(sequence);
        keys(plan, &piece, plan.kept + piece.shared + piece.rows.len())
    }

    /// The blocks must be in the order of their queries.
    fn of(plan: &Plan, blocks: Vec<Block>, heads: usize, device: &Device) -> candle_core::Result<Self> {
        let (mut batches, mut back, mut padded) = (Vec::new(), Vec::new(), 0);
        let mut rest = &blocks[..];
        while !rest.is_empty() {
            let (some, others) = rest.split_at(fitting(plan, rest, heads));
            let batch = Batch::new(plan, some, device)?;
            for block in some {
                back.extend((padded..padded + block.rows).map(|row| row as u32));
                padded += batch.shape.1;
            }
            batches.push(batch);
            rest = others;
        }
        Ok(Gather { batches, back: Tensor::new(back, device)? })
    }
}

/// How many of the first blocks together have at most [`SCORES`]; at least one.
fn fitting(plan: &Plan, blocks: &[Block], heads: usize) -> usize {
    let (mut rows, mut keys) = (0, 0);
    let fits = |(index, block): &(usize, &Block)| {
        (rows, keys) = (block.rows.max(rows), block.keys(plan).max(keys));
        (index + 1) * heads * rows * keys <= SCORES
    };
    blocks.iter().enumerate().take_while(fits).count().max(1)
}

/// Where the first `count` keys that a piece sees are.
fn keys(plan: &Plan, piece: &Piece, count: usize) -> Vec<u32> {
    let row = |row: usize| (plan.kept + row) as u32;
    let before = (0..plan.kept).map(|token| token as u32).chain((0..piece.shared).map(row));
    before.chain(piece.rows.clone().map(row)).take(count).collect()
}

impl Batch {
    fn new(plan: &Plan, blocks: &[Block], device: &Device) -> candle_core::Result<Self> {
        let rows = blocks.iter().map(|block| block.rows).max().unwrap_or(0);
        let length = blocks.iter().map(|block| block.keys(plan)).max().unwrap_or(0);
        let (mut queries, mut indices, mut visible) = (Vec::new(), Vec::new(), Vec::new());
        for block in blocks {
            // Padding is some row that exists; nothing looks at what comes of it.
            queries.extend((0..rows).map(|row| (block.query + row.min(block.rows - 1)) as u32));
            let seen = block.keys(plan);
            let mut keys = keys(plan, &block.piece, seen);
            keys.resize(length, 0);
            indices.extend(keys);
            visible.extend((0..rows).map(|row| (seen - block.rows + 1 + row.min(block.rows - 1)) as u32));
        }
        let shape = (blocks.len(), rows, length);
        // Compared on the device: the mask of twenty documents is 50 MB.
        let visible = Tensor::from_vec(visible, (blocks.len(), 1, 1, rows, 1), device)?;
        let position = Tensor::arange(0, length as u32, device)?.reshape((1, 1, 1, 1, length))?;
        let sees = position.broadcast_lt(&visible)?;
        let hidden = Tensor::new(f32::NEG_INFINITY, device)?.broadcast_as(sees.shape())?;
        let mask = sees.where_cond(&Tensor::zeros(sees.shape(), DType::F32, device)?, &hidden)?;
        Ok(Batch { shape, queries: Tensor::new(queries, device)?, keys: Tensor::new(indices, device)?, mask })
    }
}
