package io.flm.data;

/**
 * What batches need to know of a tokenizer.
 *
 * @param size V, the number of tokens
 * @param kind whose special tokens it has
 * @param startId {@code <s>}, or {@code [CLS]}
 * @param padId {@code <pad>}, or {@code [PAD]}
 * @param endId {@code </s>}, or {@code [SEP]}; also the begin token
 * @param maskId {@code <mask>}, or {@code [MASK]}
 * @param periodId the token of the period that ends every text; -1 if it has none
 * @param words where they begin; for masking whole words
 */
public record Vocabulary(
        int size, TokenizerKind kind, int startId, int padId, int endId, int maskId, int periodId, Words words) {
    /** How models count its tokens. */
    public PositionRule positions() {
        return kind.positions(padId);
    }
}
