package io.flm.worker.model;

/**
 * Which parts a model has beside the encoders and the fusion.
 *
 * @param reconstructor whether the reconstructor reads both streams
 * @param head the prefix of the token head's parameters
 */
public record ModelParts(boolean reconstructor, String head) {}
