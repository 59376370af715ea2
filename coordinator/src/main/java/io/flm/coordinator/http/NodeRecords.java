package io.flm.coordinator.http;

import java.util.List;

/** What a node remembers of itself, beside the run: the samples that it could not use, and the newest lines of its log. */
public interface NodeRecords {
    /** Bad samples that are named at most. */
    int MOST_BAD = 200;

    /** Lines of the log that are kept at most. */
    int MOST_LINES = 500;

    /** Of a node that remembers nothing. */
    NodeRecords NONE = new NodeRecords() {
        @Override
        public BadSamples badSamples() {
            return new BadSamples(0, List.of());
        }

        @Override
        public List<LogLine> log() {
            return List.of();
        }
    };

    /**
     * The samples that this node could not use, in the runs that it has open.
     *
     * @param count all of them
     * @param samples what is wrong with each of the first {@link #MOST_BAD}: {@code shard:key: cause}
     */
    record BadSamples(long count, List<String> samples) {
        public BadSamples {
            samples = List.copyOf(samples);
        }
    }

    /**
     * A line of the log, without a stack trace.
     *
     * @param at in milliseconds since 1970
     * @param level {@code INFO}, {@code WARN} or {@code ERROR}
     * @param from the class that says it
     */
    record LogLine(long at, String level, String from, String text) {}

    BadSamples badSamples();

    /** The newest lines, the newest last. */
    List<LogLine> log();
}
