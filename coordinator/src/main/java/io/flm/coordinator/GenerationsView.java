package io.flm.coordinator;

import io.flm.worker.WireMessage;
import java.util.List;

/**
 * The newest generations: the body of {@code GET /api/v1/generations}.
 *
 * @param generations newest last; older ones are forgotten
 */
public record GenerationsView(List<GenerationView> generations) implements WireMessage {
    /**
     * A generation.
     *
     * @param at when it was made, ISO 8601
     * @param why it was made; never empty
     * @param tookMs from the end of the one before (or its cause) to the first step of this; -1: not there yet
     */
    public record GenerationView(
            long number, long firstStep, String at, String why, long tookMs, List<MemberView> members)
            implements WireMessage {}

    /**
     * A member, by rank.
     *
     * @param lanes as {@code [from, to)}
     */
    public record MemberView(String worker, String node, String lanes) implements WireMessage {}

    public GenerationsView {
        generations = List.copyOf(generations);
    }
}
