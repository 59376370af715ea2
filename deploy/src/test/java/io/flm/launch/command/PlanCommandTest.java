package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.launch.config.Configuration;
import io.flm.launch.console.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plans by rates that are stated, of which all else follows; and where the others come from. */
class PlanCommandTest {
    private static final String STATED =
            " --tflops 91 --decode-rate 50 --network 100 --memory-rate 10 --tokens 14 --sample-kb 100";

    @TempDir
    private Path folder = Path.of("");

    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void inAFolderOfItsOwn() {
        world = new TestEnvironment(folder);
    }

    private String text(String options) {
        List<String> arguments = new ArrayList<>(List.of("plan"));
        arguments.addAll(List.of(options.split(" ", -1)));
        assertThat(world.flm(arguments.toArray(String[]::new)))
                .as("%s", world.err())
                .isEqualTo(Failure.OK);
        return world.out();
    }

    private JsonNode plan(String options) throws IOException {
        return new ObjectMapper().readTree(text(options + " --json"));
    }

    @Test
    void aPlanFollowsFromItsRates() throws IOException {
        JsonNode plan = plan("--preset headline --samples 4.1M --nodes 4 --devices 8" + STATED);
        double parameters = plan.path("parameters").asDouble();
        double flop = plan.path("flopPerSample").asDouble();
        assertThat(flop).as("91 TFLOP/s were 1,113 samples/s").isCloseTo(91e12 / 1113, within(0.15 * 91e12 / 1113));
        assertThat(plan.path("epochs").asDouble()).isCloseTo(30_000 * 4096 / 4.1e6, within(1e-9));
        assertThat(plan.path("workers").asInt()).isEqualTo(32);
        double compute = 2 * 64 * flop / 91e12;
        double add = 8 * 4 * parameters / 10e9;
        double send = 2 * 0.75 * 4 * parameters / 12.5e9; // its sum to three of four nodes, and theirs of its quarter
        assertThat(plan.path("computeSeconds").asDouble()).isCloseTo(compute, within(1e-9));
        assertThat(plan.path("addSeconds").asDouble()).isCloseTo(add, within(1e-9));
        assertThat(plan.path("sendSeconds").asDouble()).isCloseTo(send, within(1e-9));
        double least = Math.max(compute, add + send);
        assertThat(plan.path("leastStepSeconds").asDouble()).isCloseTo(least, within(1e-9));
        assertThat(plan.path("mostHours").asDouble()).isCloseTo(30_000 * (compute + add + send) / 3600, within(1e-6));
        assertThat(plan.path("coresPerNode").asDouble()).isEqualTo(Math.ceil(1024 / least / 50));
        assertThat(plan.path("dataBytes").asDouble()).isCloseTo(4.1e11, within(1.0));
        assertThat(plan.path("cacheBytesPerNode").asDouble()).isCloseTo(4.1e11, within(1.0));
        assertThat(plan.path("checkpointBytes").asDouble()).isEqualTo(12 * parameters);
        assertThat(plan.path("rates")
                        .path("networkBytesPerSecond")
                        .path("source")
                        .asText())
                .isEqualTo("stated: --network");
    }

    /** What was measured, docs/results.md: samples a lane and its milliseconds. */
    @ParameterizedTest
    @CsvSource({"headline, 128, 164, 0.05", "headline, 256, 230, 0.05", "mid, 512, 127, 0.2"})
    void anH200TakesWhatItTook(String preset, int microBatch, double ms, double share) throws IOException {
        JsonNode plan =
                plan("--preset " + preset + " --samples 1M --decode-rate 50 --sample-kb 100 --set flm.train.lanes=1"
                        + " --set flm.train.micro-batch=" + microBatch);
        assertThat(1e3 * plan.path("computeSeconds").asDouble()).isCloseTo(ms, within(share * ms));
    }

    @Test
    void whatALaneTakesWhateverItsSizeIsAddedForEach() throws IOException {
        JsonNode without = plan("--preset tiny --samples 250k" + STATED);
        JsonNode with = plan("--preset tiny --samples 250k --lane-ms 50" + STATED);
        assertThat(with.path("computeSeconds").asDouble())
                .isCloseTo(without.path("computeSeconds").asDouble() + 4 * 0.05, within(1e-9));
    }

    @Test
    void oneDeviceHasNothingToAddOrToSend() throws IOException {
        JsonNode plan = plan("--preset tiny --samples 250k" + STATED);
        assertThat(plan.path("addSeconds").asDouble() + plan.path("sendSeconds").asDouble())
                .isZero();
        assertThat(plan.get("leastHours")).isEqualTo(plan.get("mostHours"));
        assertThat(plan.path("lanesPerWorker").asInt()).isEqualTo(4);
    }

    @Test
    void decodingIsWhatAStepTakesWhereCoresAreFew() throws IOException {
        String run = "--preset headline --samples 4.1M --nodes 4 --devices 8" + STATED;
        JsonNode plan = plan(run + " --cores 2");
        assertThat(plan.path("leastStepSeconds").asDouble()).isCloseTo(1024 / 100.0, within(1e-9));
        assertThat(plan.path("readBytesPerNodePerSecond").asDouble()).isCloseTo(100 * 1e5, within(1.0));
        JsonNode enough = plan(run);
        assertThat(plan.get("coresPerNode"))
                .as("of a step that does not wait for them")
                .isEqualTo(enough.get("coresPerNode"));
        assertThat(plan.get("decodedPerNodePerSecond")).isEqualTo(enough.get("decodedPerNodePerSecond"));
    }

    /** Lanes of one sample: nodes, devices, lanes, and samples of the busiest node. */
    @ParameterizedTest
    @CsvSource({"1, 1, 4, 4", "8, 1, 4, 1", "8, 4, 4, 1", "3, 1, 4, 2", "2, 2, 5, 4", "2, 4, 3, 2", "3, 2, 12, 4"})
    void theBusiestNodeIsWaitedFor(int nodes, int devices, int lanes, double samples) throws IOException {
        JsonNode plan = plan("--preset tiny --samples 1k --cores 1 --set flm.train.micro-batch=1 --set flm.train.lanes="
                + lanes + " --nodes " + nodes + " --devices " + devices + STATED);
        assertThat(plan.path("decodeSeconds").asDouble()).isCloseTo(samples / 50, within(1e-9));
        assertThat(plan.path("readBytesPerNode").asDouble())
                .isCloseTo(plan.path("steps").asDouble() * samples * 1e5, within(1.0));
    }

    @Test
    void aSampleOfTwoPicturesIsDecodedTwice() throws IOException {
        JsonNode plan = plan("--preset tiny --samples 1k --cores 1 --set flm.task.name=nlvr2" + STATED);
        assertThat(plan.path("decodeSeconds").asDouble())
                .isCloseTo(2 * plan.path("samplesPerStep").asDouble() / 50, within(1e-9));
        assertThat(plan("--preset tiny --samples 1k --set flm.task.name=nlvr2 --tflops 1")
                        .path("rates")
                        .path("sampleBytes")
                        .path("source")
                        .asText())
                .isEqualTo("measured here: JPEGs of 640 x 480, 2 a sample");
    }

    @Test
    void coresAreNotOneMoreByRounding() throws IOException {
        String run = "--preset tiny --samples 1k --tflops 1 --sample-kb 1 --decode-rate ";
        double decoded = plan(run + 1).path("decodedPerNodePerSecond").asDouble();
        for (int cores = 1; cores < 60; cores++) {
            assertThat(plan(run + decoded / cores).path("coresPerNode").asDouble())
                    .isEqualTo(cores);
        }
    }

    @Test
    void devicesWithoutALaneAreToldAsIdle() {
        assertThat(text("--preset tiny --samples 1000 --nodes 2 --devices 4" + STATED))
                .contains("4 worker(s), 1 lane(s) each", "; 4 devices are idle: there are 4 lanes");
    }

    /** A run of which a step computes for 0.1 s, and waits for twice that. */
    private void run(String workers) throws IOException {
        Path run = Files.createDirectories(folder.resolve("run"));
        Configuration tiny =
                Configuration.builder().preset("tiny", TestEnvironment.ROOT).build();
        Files.writeString(run.resolve("effective.conf"), tiny.render());
        StringBuilder metrics = new StringBuilder();
        for (int step = 0; step < 8; step++) {
            metrics.append("{\"step\":")
                    .append(step)
                    .append(",\"samples\":16,\"tokens\":160,\"dataMs\":120,\"forwardMs\":40,\"backwardMs\":50,")
                    .append("\"exchangeMs\":80,\"optimizerMs\":10}\n");
        }
        Files.writeString(run.resolve("metrics.jsonl"), metrics);
        Files.writeString(run.resolve("status.json"), workers);
    }

    private static String status(String state, String... workers) {
        return "{\"run\":\"run\",\"id\":\"1\",\"state\":\"" + state
                + "\",\"reason\":\"why\",\"step\":8,\"totalSteps\":8," + "\"heads\":[],\"notes\":[],\"workers\":["
                + String.join(",", workers) + "]}";
    }

    private static String worker(int rank, double laneMs, int steps) {
        return "{\"name\":\"w\",\"node\":\"n\",\"device\":\"cpu\",\"state\":\"waiting\",\"lanes\":\"\",\"reason\":\"\",\"rank\":"
                + rank + ",\"laneMs\":" + laneMs + ",\"steps\":" + steps + "}";
    }

    @Test
    void whatADeviceComputesIsReadFromARun() throws IOException {
        run(status("training", worker(0, 25, 8)));
        JsonNode plan = plan("--preset tiny --samples 1000 --from run --decode-rate 50 --sample-kb 100");
        JsonNode rate = plan.path("rates").path("flopPerDevicePerSecond");
        double expected = plan.path("flopPerSample").asDouble() * 16 / 0.1;
        assertThat(rate.path("value").asDouble()).isCloseTo(expected, within(1e-6 * expected));
        assertThat(rate.path("source").asText()).isEqualTo("measured: the steps of run, 1 worker");
        assertThat(plan.path("rates").path("tokensPerText").path("value").asDouble())
                .isEqualTo(10);
        assertThat(plan.path("computeSeconds").asDouble()).isCloseTo(0.1, within(1e-9));
    }

    @Test
    void theRateOfARunIsThatOfThoseWhoTrainedIt() throws IOException {
        String killed = status("training", worker(0, 25, 8), worker(1, 25, 7), worker(-1, 0, 0), worker(-1, 25, 4));
        String finished = status("finished", worker(-1, 25, 8), worker(-1, 25, 8), worker(-1, 0, 0), worker(-1, 25, 4));
        for (String status : List.of(killed, finished)) {
            run(status);
            JsonNode plan = plan("--preset tiny --samples 1000 --from run --decode-rate 50 --sample-kb 100");
            assertThat(plan.path("computeSeconds").asDouble()).isCloseTo(0.2, within(1e-9));
            assertThat(plan.path("rates")
                            .path("flopPerDevicePerSecond")
                            .path("source")
                            .asText())
                    .isEqualTo("measured: the steps of run, 2 workers");
        }
        run(status("starting"));
        assertThat(world.flm("plan", "--preset", "tiny", "--samples", "1000", "--from", "run"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().contains("does not tell how many workers trained it", "--tflops");
    }

    @Test
    void decodingIsMeasuredHere() throws IOException {
        JsonNode rates = plan("--preset tiny --samples 1000").path("rates");
        assertThat(rates.path("decodedPerCorePerSecond").path("value").asDouble())
                .isPositive();
        assertThat(rates.path("decodedPerCorePerSecond").path("source").asText())
                .isEqualTo("measured here: JPEGs of 640 x 480 to 32 px");
        assertThat(rates.path("sampleBytes").path("value").asDouble()).isBetween(2e4, 5e5);
        assertThat(rates.path("flopPerDevicePerSecond").path("source").asText())
                .startsWith("docs/results.md: one H200");
    }

    @Test
    void everyRateIsToldWithItsSource() {
        assertThat(text("--preset headline --samples 4.1M --tflops 91.5 --decode-rate 50 --sample-kb 100"))
                .contains(
                        "  device     91.5 TFLOP/s                    stated: --tflops",
                        "assumed; state it with --network",
                        "docs/results.md: two workers on one H200",
                        "assumed: captions of 12 tokens");
        assertThat(text("--preset tiny --samples 7k --nodes 2 --tflops 0.021 --decode-rate 50 --sample-kb 20"))
                .contains("  device     0.021 TFLOP/s", "data         0.14 GB;")
                .doesNotContainPattern(" 0\\.?0* (GB|TFLOP)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --samples many                           | --samples many: give a number from 1, such as 250k or 4.1M
            --samples 0                              | --samples 0: give a number from 1
            --samples 1k --nodes 0                   | --nodes 0: give 1 to 1048576
            --samples 1k --devices -1                | --devices -1: give 1 to
            --samples 1k --tflops 0                  | --tflops 0.0: give a number above 0
            --samples 1k --network -3                | --network -3.0: give a number above 0
            --samples 1k --tflops NaN                | --tflops NaN: give a number above 0
            --samples 1k --network 1e-300            | --network 1.0E-300: give a number above 0, from 0.000001
            --samples 1k --tflops 1e300              | --tflops 1.0E300: give a number above 0, from 0.000001 to 1000000000
            --samples 1k --tokens 5000               | --tokens 5000.0: no text has more than flm.data.max-tokens = 50; give that
            --samples 1k --from nowhere              | nowhere: no run there; give the folder of a run
            --samples 1k --from nowhere --tflops 1   | --from and --tflops both say what a device computes; give one
            --nodes 2                                | Missing required option: '--samples=N'
            """)
    void whatCannotBePlannedIsRefusedInOneLine(String options, String message) {
        List<String> arguments = new ArrayList<>(List.of("plan", "--preset", "tiny"));
        arguments.addAll(List.of(options.split(" ", -1)));
        assertThat(world.flm(arguments.toArray(String[]::new))).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains(message);
        assertThat(world.out()).isEmpty();
    }
}
