package io.flm.worker;

/**
 * What a step said of one source of a mixture.
 *
 * @param name of the source
 * @param samples of the global batch that are its own
 * @param loss the mean over what is predicted of its tokens, each with the weight of its head; not a number: nothing is
 * @param accuracy the share of these predictions that were right
 */
public record SourceLoss(String name, long samples, double loss, double accuracy) {}
