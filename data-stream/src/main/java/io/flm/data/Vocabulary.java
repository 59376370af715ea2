package io.flm.data;

/**
 * What batches need to know of a tokenizer.
 *
 * @param size V, the number of tokens
 * @param startId {@code <s>}
 * @param endId {@code </s>}, also the begin token
 * @param periodId the token of the period that ends every text; -1 if it has none
 * @param words where they begin; for masking whole words
 */
public record Vocabulary(int size, int startId, int padId, int endId, int maskId, int periodId, Words words) {}
