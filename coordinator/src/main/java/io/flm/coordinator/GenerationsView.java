package io.flm.coordinator;

import io.flm.worker.WireMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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

    private static final int MOST = 100;
    private static final int MOST_BYTES = 256 * 1024;
    private static final int BYTES_AROUND_A_MEMBER = 40; // the names of its fields, and their lengths
    private static final int BYTES_AROUND_A_GENERATION = 120;

    public GenerationsView {
        generations = List.copyOf(generations);
    }

    /**
     * Generations in the order in which they were told, each once: what is said later of the one before, when its first step is there or a new
     * coordinator finds it, adds to that. A run that is begun again counts from 1 again.
     */
    public static List<GenerationView> merged(List<GenerationView> told) {
        List<GenerationView> merged = new ArrayList<>();
        for (GenerationView next : told) {
            GenerationView last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
            if (last == null || !isSame(last, next)) {
                merged.add(next);
            } else if (last.tookMs() < 0) {
                merged.set(
                        merged.size() - 1,
                        new GenerationView(
                                last.number(), last.firstStep(), last.at(), last.why(), next.tookMs(), last.members()));
            }
        }
        return merged;
    }

    static boolean isSame(GenerationView one, GenerationView other) {
        return one.number() == other.number()
                && one.firstStep() == other.firstStep()
                && one.members().equals(other.members());
    }

    /** As many of the newest as one message may hold, at least one. */
    public static List<GenerationView> newest(List<GenerationView> generations) {
        int from = generations.size();
        int bytes = 0;
        while (from > 0 && generations.size() - from < MOST) {
            bytes += sizeBytes(generations.get(from - 1));
            if (bytes > MOST_BYTES && from < generations.size()) {
                break;
            }
            from--;
        }
        return List.copyOf(generations.subList(from, generations.size()));
    }

    static int sizeBytes(GenerationView g) {
        int bytes = BYTES_AROUND_A_GENERATION + g.why().getBytes(StandardCharsets.UTF_8).length;
        for (MemberView m : g.members()) { // names are ASCII
            bytes += BYTES_AROUND_A_MEMBER
                    + m.worker().length()
                    + m.node().length()
                    + m.lanes().length();
        }
        return bytes;
    }
}
