package io.flm.coordinator;

import io.flm.worker.WireMessage;
import org.jspecify.annotations.Nullable;

/**
 * The answer to {@link Coordinator.GetPicture}.
 *
 * @param png in Base64; null: there is no such sample
 */
public record PictureView(@Nullable String png) implements WireMessage {}
