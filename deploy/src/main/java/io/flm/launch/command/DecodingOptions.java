package io.flm.launch.command;

import io.flm.data.UserException;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoding;
import io.flm.worker.decode.Decoding.Beam;
import io.flm.worker.decode.Decoding.Greedy;
import io.flm.worker.decode.Decoding.Sampling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How captions are written: greedily, by beam search, or drawn. */
final class DecodingOptions {
    private static final int WIDEST_BEAM = 100;
    private static final double STEEPEST_PENALTY = 10;
    private static final double HOTTEST = 100;

    /** Begin token, a word and the end. */
    private static final int SHORTEST = 4;

    private static final int LONGEST = 65_536;

    @Option(
            names = "--beam",
            paramLabel = "N",
            description = "Goes on with the N likeliest captions of a picture, and writes the best; 1 to 100.")
    private @Nullable Integer beam;

    @Option(
            names = "--length-penalty",
            paramLabel = "X",
            description =
                    "With --beam: captions are compared by log-probability / length^X; -10 to 10, more prefers longer"
                            + " ones. Default: 1.")
    private @Nullable Double lengthPenalty;

    @Option(
            names = "--temperature",
            paramLabel = "X",
            description = "Draws tokens, with their logits divided by X; above 0 to 100.")
    private @Nullable Double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "X",
            description = "Draws tokens, among the likeliest that have the probability X together; above 0 to 1.")
    private @Nullable Double topP;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "With --temperature or --top-p: what the random numbers follow from, with the picture. Default: 1.")
    private @Nullable Long seed;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "The longest caption, with what it begins with and its end. Default: "
                    + CaptionBounds.DEFAULT_MAX_LENGTH + ".")
    private int maxTokens = CaptionBounds.DEFAULT_MAX_LENGTH;

    int maxTokens() {
        require(
                maxTokens >= SHORTEST && maxTokens <= LONGEST,
                "--max-tokens",
                maxTokens,
                "a whole number from 4 to 65536");
        return maxTokens;
    }

    /** @throws UserException where a value is out of its range, or options do not go together */
    Decoding decoding() {
        boolean drawn = temperature != null || topP != null;
        if (beam != null && drawn) {
            throw new UserException(
                    "--beam does not draw: give it without --temperature and --top-p, or these without it");
        }
        if (beam == null && lengthPenalty != null) {
            throw new UserException("--length-penalty compares the captions of a beam; give --beam N too");
        }
        if (!drawn && seed != null) {
            throw new UserException("--seed: nothing is drawn; give --temperature or --top-p too");
        }
        if (beam != null) {
            return beam(beam, lengthPenalty == null ? 1 : lengthPenalty);
        }
        return drawn
                ? sampling(temperature == null ? 1 : temperature, topP == null ? 1 : topP, seed == null ? 1 : seed)
                : new Greedy();
    }

    private static Beam beam(int width, double penalty) {
        require(width >= 1 && width <= WIDEST_BEAM, "--beam", width, "a whole number from 1 to 100");
        require(Math.abs(penalty) <= STEEPEST_PENALTY, "--length-penalty", penalty, "a number from -10 to 10");
        return new Beam(width, penalty);
    }

    private static Sampling sampling(double temperature, double topP, long seed) {
        require(
                temperature > 0 && temperature <= HOTTEST,
                "--temperature",
                temperature,
                "a number from above 0 to 100; without --temperature and --top-p the likeliest token is taken");
        require(topP > 0 && topP <= 1, "--top-p", topP, "a number from above 0 to 1");
        return new Sampling(temperature, topP, seed);
    }

    private static void require(boolean holds, String option, Object value, String expected) {
        if (!holds) {
            throw new UserException(option + " = " + value + ": expected " + expected);
        }
    }
}
