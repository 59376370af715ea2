package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import io.flm.data.UserException;
import io.flm.launch.config.Presets;
import io.flm.launch.console.Failure;
import io.flm.launch.submit.ChildProcessLauncher;
import io.flm.launch.submit.RunRequest;
import io.flm.launch.submit.ScriptedRun;
import io.flm.worker.torch.TorchRoute;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the command line makes of good and of bad input; the runs themselves are scripted. */
class CommandLineTest {
    @TempDir
    private Path folder = Path.of("");

    private final ScriptedRun runs = new ScriptedRun();
    private TestEnvironment world = new TestEnvironment(folder);

    @BeforeEach
    void inAFolderOfItsOwn() {
        world = new TestEnvironment(folder, runs);
    }

    /** A shard of so many samples, of which nothing is read but their names. */
    private void shard(String name, int samples) throws IOException {
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            for (int i = 0; i < samples; i++) {
                for (String form : List.of(".png", ".txt")) {
                    tar.putArchiveEntry(new TarArchiveEntry(i + form));
                    tar.closeArchiveEntry();
                }
            }
        }
    }

    private int pretrain(String... options) {
        String[] arguments = Stream.concat(
                        Stream.of("pretrain", "--preset", "tiny", "--steps", "3"), Arrays.stream(options))
                .toArray(String[]::new);
        return world.flm(arguments);
    }

    /** Such a word comes of a variable of the shell that is not set; as a path it would be the folder at hand. */
    @ParameterizedTest
    @CsvSource({
        "pretrain,--data",
        "pretrain,--run",
        "pretrain,--config",
        "data inspect,--html",
        "evaluate,--from",
        "runs,",
        "data inspect,",
        "data inspect a.tar,",
        "caption --from r,"
    })
    void anEmptyWordIsNoPath(String command, String option) {
        List<String> arguments = new ArrayList<>(List.of(command.split(" ", -1)));
        if (option != null) {
            arguments.add(option);
        }
        arguments.add("");
        assertThat(world.flm(arguments.toArray(String[]::new))).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains(option == null ? "" : option, "an empty word is no path")
                .doesNotContain("Unmatched");
    }

    @Test
    void pretrainPrintsOneJsonObjectAndKeepsEverythingElseOffStandardOutput() throws IOException {
        assertThat(pretrain("--run", "r", "--json")).as("%s", world.err()).isZero();
        assertThat(world.out().lines()).hasSize(1);
        JsonNode json = new ObjectMapper().readTree(world.out());
        assertThat(json.get("steps").asInt()).isEqualTo(3);
        assertThat(json.get("loss").asDouble()).isEqualTo(2.5);
        assertThat(json.get("heads").get(1).get("name").asText()).isEqualTo("l2r");
        assertThat(json.get("heads").get(1).get("predictionRate").asDouble()).isEqualTo(0.9);
        assertThat(json.get("heads").get(1).get("corruptionRate").asDouble()).isEqualTo(0.5);
        assertThat(json.get("weightsSha256").asText()).isEqualTo("ab");
        assertThat(json.get("run").asText()).isEqualTo(folder.resolve("r").toString());
    }

    @Test
    void withoutAFolderARunTakesTheNextNumber() {
        assertThat(pretrain()).isZero();
        assertThat(pretrain()).isZero();
        assertThat(folder.resolve("runs/tiny-1/effective.conf")).exists();
        assertThat(folder.resolve("runs/tiny-2/effective.conf")).exists();
    }

    /** Two commands that were started in the same second: the other one makes its folder while this one looks at its data. */
    @Test
    void aNumberThatAnotherCommandTookMeanwhileIsPassedOver() {
        world = new TestEnvironment(folder, runs, () -> {
            assertThat(folder.resolve("runs/tiny-1").toFile().mkdirs()).isTrue();
            return TestEnvironment.MEMORY;
        });
        assertThat(pretrain()).as("%s", world.err()).isZero();
        assertThat(folder.resolve("runs/tiny-1")).isEmptyDirectory();
        assertThat(folder.resolve("runs/tiny-2/effective.conf")).exists();
        assertThat(runs.requests().get(0).run()).isEqualTo(folder.resolve("runs/tiny-2"));
    }

    @Test
    void aResumedRunKeepsItsConfigurationButForTheOptionsOfToday() {
        assertThat(pretrain("--run", "r", "--set", "flm.train.lanes=8", "--seed", "7"))
                .isZero();
        assertThat(world.flm("pretrain", "--run", "r", "--resume", "--workers", "2"))
                .as("%s", world.err())
                .isZero();
        RunRequest resumed = runs.requests().get(1);
        assertThat(resumed.resume()).isTrue();
        assertThat(resumed.config().getInt("flm.train.lanes")).isEqualTo(8);
        assertThat(resumed.config().getLong("flm.train.seed")).isEqualTo(7);
        assertThat(resumed.config().getInt("flm.worker.workers")).isEqualTo(2);
        assertThat(resumed.config().getString("akka.actor.provider")).isEqualTo("cluster");
    }

    @Test
    void configurationComesFromDefaultsThenPresetThenFileThenSetThenOptions() throws IOException {
        shard("x.tar", 200);
        Path file = Files.writeString(
                folder.resolve("my.conf"),
                "flm.train { lanes = 2, micro-batch = 3, seed = 4 }\n"
                        + "flm.data { paths = [x.tar], tokenizer = t.json }");
        assertThat(pretrain("--config", "my.conf", "--set", "flm.train.micro-batch=5", "--seed", "6"))
                .isZero();
        var config = runs.requests().get(0).config();
        assertThat(config.getInt("flm.train.lanes")).isEqualTo(2);
        assertThat(config.getInt("flm.train.micro-batch")).isEqualTo(5);
        assertThat(config.getLong("flm.train.seed")).isEqualTo(6);
        assertThat(config.getStringList("flm.data.paths"))
                .containsExactly(folder.resolve("x.tar").toString());
        assertThat(folder.resolve("runs/tiny-1/effective.conf"))
                .content()
                .containsPattern("flm.train.lanes = 2 +# file " + file)
                .containsPattern("flm.train.micro-batch = 5 +# --set")
                .containsPattern("flm.train.seed = 6 +# --seed")
                .containsPattern("flm.model.hidden = 16 +# preset tiny")
                .containsPattern("flm.train.beta1 = 0.9 +# default");
    }

    @Test
    void whatThePresetsSetForTheirDataGoesWithTheirDataOnly() throws IOException {
        shard("x.tar", 200);
        assertThat(world.flm("pretrain")).isZero();
        assertThat(world.flm("pretrain", "--data", "x.tar", "--tokenizer", "t.json"))
                .as("%s", world.err())
                .isZero();
        assertThat(world.flm("pretrain", "--data", "x.tar", "--tokenizer", "t.json", "--eval-data", "y.tar"))
                .isZero();
        assertThat(world.flm(
                        "pretrain",
                        "--data",
                        "x.tar",
                        "--tokenizer",
                        "t.json",
                        "--hold-out",
                        "5 %",
                        "--set",
                        "flm.data.augment.shift=0.1"))
                .isZero();
        List<Config> data = runs.requests().stream()
                .map(request -> request.config().getConfig("flm.data"))
                .toList();
        assertThat(data.get(0).getDouble("augment.rotate-degrees")).isEqualTo(10);
        assertThat(data.get(0).getDouble("hold-out")).isZero();
        assertThat(data.get(0).getStringList("eval-paths")).hasSize(1);
        assertThat(data.get(1).getDouble("augment.rotate-degrees")).isZero();
        assertThat(data.get(1).getDouble("augment.scale")).isEqualTo(1);
        assertThat(data.get(1).getString("captions")).isEqualTo("random");
        assertThat(data.get(1).getStringList("eval-paths")).isEmpty();
        assertThat(data.get(1).getDouble("hold-out")).isEqualTo(0.01);
        assertThat(data.get(1).getBoolean("begin-token")).as("of the model").isTrue();
        assertThat(data.get(2).getDouble("hold-out")).isZero();
        assertThat(data.get(3).getDouble("hold-out")).isEqualTo(0.05);
        assertThat(data.get(3).getDouble("augment.shift")).isEqualTo(0.1);
        assertThat(data.get(3).getDouble("augment.rotate-degrees")).isZero();
    }

    @Test
    void aResumedRunHoldsOutWhatItHeldOut() throws IOException {
        shard("x.tar", 200);
        assertThat(world.flm("pretrain", "--data", "x.tar", "--tokenizer", "t.json", "--run", "r"))
                .isZero();
        assertThat(world.flm("pretrain", "--run", "r", "--resume", "--eval-data", "y.tar"))
                .isZero();
        assertThat(runs.requests().get(1).config().getDouble("flm.data.hold-out"))
                .isEqualTo(0.01);
    }

    /** Of data of one's own; by default a hundredth is held out. */
    @Test
    void fewSamplesAreTrainedOnWithoutAnEvaluation() throws IOException {
        shard("x.tar", 20);
        assertThat(world.flm("pretrain", "--data", "x.tar", "--tokenizer", "t.json", "--run", "r"))
                .as("%s", world.err())
                .isZero();
        String tooFew =
                "flm: flm.data.hold-out = 0.01 holds out 0 of 20 samples, and an evaluation needs 2: the run is not"
                        + " evaluated when it ends; for that give --hold-out 20% or --eval-data";
        assertThat(world.err()).contains(tooFew);
        assertThat(world.flm("pretrain", "--run", "r", "--resume"))
                .as("%s", world.err())
                .isZero();
        assertThat(runs.requests()).hasSize(2);
    }

    @Test
    void aComparisonThatWouldFailInTheMiddleIsRefused() throws IOException {
        Files.writeString(folder.resolve("bad.json"), "{");
        String[] comparison = {
            "compare",
            "--preset",
            "tiny",
            "--objectives",
            "flm,ar",
            "--trials",
            "0",
            "--budget",
            "400steps",
            "--out",
            "c"
        };
        Map<String, String> refused = Map.of(
                "--cluster nonsense",
                "--cluster nonsense: give a node as HOST:PORT",
                "--cluster a:1 --cluster b:1 --cluster a:1",
                "--cluster: a:1 is there twice",
                "--tasks vqa --train vqa=q.json --val vqa=q.json",
                "--train vqa=" + folder.resolve("q.json") + ": no such file or folder; give another one",
                "--tasks nlvr2 --train nlvr2=bad.json --val nlvr2=bad.json",
                "bad.json:1: no JSON",
                "--finetune-set flm.train.lanes=0",
                "flm.train.lanes = 0");
        refused.forEach((options, message) -> {
            assertThat(world.flm(Stream.concat(Arrays.stream(comparison), Arrays.stream(options.split(" ", -1)))
                            .toArray(String[]::new)))
                    .isEqualTo(Failure.REFUSED);
            assertThat(world.err()).singleElement().asString().contains(message);
        });
        assertThat(folder.resolve("c")).doesNotExist();
    }

    @Test
    void aShareThatIsAskedForMustHoldOutEnough() throws IOException {
        shard("x.tar", 20);
        String[] own = {"pretrain", "--data", "x.tar", "--tokenizer", "t.json"};
        for (String[] asking : new String[][] {
            {"--hold-out", "1%"}, {"--set", "flm.data.hold-out=0.01"}, {"--set", "flm.evaluate.every=5"}
        }) {
            assertThat(world.flm(Stream.concat(Arrays.stream(own), Arrays.stream(asking))
                            .toArray(String[]::new)))
                    .isEqualTo(Failure.REFUSED);
            assertThat(world.err())
                    .singleElement()
                    .asString()
                    .contains(
                            "flm.data.hold-out = 0.01 holds out 0 of 20 samples, and an evaluation needs 2: raise it with");
        }
        assertThat(world.flm("pretrain", "--data", "x.tar", "--tokenizer", "t.json", "--hold-out", "99.999%"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("20 of 20 samples, so nothing is left to train on");
        assertThat(runs.requests()).isEmpty();
        assertThat(folder.resolve("runs")).doesNotExist();
        assertThat(world.flm("pretrain", "--data", "x.tar", "--tokenizer", "t.json", "--hold-out", "20%"))
                .as("%s", world.err())
                .isZero();
    }

    @Test
    void aDryRunCountsWhatIsHeldOut() throws IOException {
        shard("x.tar", 20);
        shard("y.tar", 1000);
        assertThat(world.flm("pretrain", "--dry-run", "--data", "x.tar", "--tokenizer", "t.json"))
                .as("%s", world.err())
                .isZero();
        assertThat(world.out())
                .contains("held out     0 of 20 samples, never trained on (flm.data.hold-out = 0.01); too few for an"
                        + " evaluation: give --hold-out 20% or --eval-data");
        assertThat(world.flm(
                        "pretrain",
                        "--dry-run",
                        "--json",
                        "--data",
                        "x.tar",
                        "--data",
                        "y.tar",
                        "--tokenizer",
                        "t.json"))
                .as("%s", world.err())
                .isZero();
        assertThat(new ObjectMapper().readTree(world.out()).path("heldOut").asLong())
                .isEqualTo(9);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            --set flm.trian.lanes=3                | flm.trian.lanes (--set): no such key; did you mean flm.train.lanes?
            --set flm.train.lanes=many             | flm.train.lanes = many (--set): expected a whole number from 1 to 16384
            --set flm.train.lanes                  | give key=value
            --set fml.train.lanes=3                | did you mean flm.train.lanes?
            --set flm.train.lanes=1.5              | flm.train.lanes = 1.5 (--set): expected a whole number
            --config nowhere.conf                  | no such configuration file
            --preset emojy  | no such preset; give one of emoji, mid, headline, tiny
            --span-rate 1                          | --span-rate 1.0: expected a number from 0 to below 1
            --span-rate -0.1                       | --span-rate -0.1: expected a number from 0
            --set flm.train.mask-rate=1.5          | flm.train.mask-rate = 1.5 (--set): expected a number from 0 to below 1
            --workers 5                            | flm.worker.workers = 5, but flm.train.lanes = 4
            --workers -1                           | --workers -1: expected a whole number
            --threads 0                            | --threads 0: expected a whole number
            --minutes x                            | Invalid value for option '--minutes'
            --seed 1 --seed 2                      | option '--seed' (N) should be specified only once
            --steps 3 --minutes 2                  | mutually exclusive
            --objective mlx                        | --objective mlx: expected one of flm, mlm, ar, prefix-lm
            --stepz 3                              | did you mean --steps?
            --nodes 0                              | --nodes 0: give at least 1
            --nodes 5                              | at most as many as there are lanes (flm.train.lanes = 4)
            --nodes 2 --cluster a:1                | mutually exclusive
            --set flm.http.host=0.0.0.0            | flm.http.host = 0.0.0.0 can be reached from outside of this machine
            --set flm.http.max-body=12             | flm.http.max-body = 12 (--set): expected a size from 1 KiB to 64 MiB
            --set flm.node.host=0.0.0.0            | flm.node.host = 0.0.0.0 can be reached from outside of this machine
            --set flm.node.port=70000              | flm.node.port = 70000 (--set): expected a whole number from 0 to 65535
            --set flm.node.join=nowhere            | --join nowhere: give HOST:PORT
            --set flm.node.name=a/b                | flm.node.name = a/b
            --set flm.node.key-store=/nowhere      | /nowhere: cannot be read
            --resume                               | no run
            --resume --run nowhere                 | no run there to resume
            --set flm.http.port=70000              | flm.http.port = 70000
            --set flm.train.micro-batch=0          | flm.train.micro-batch = 0 (--set): expected a whole number from 1 to 65536
            --set flm.data.tokenizer=              | flm.data.tokenizer is empty
            --data x.tar                           | flm.data.tokenizer is empty: give the tokenizer.json of your data with --tokenizer
            --hold-out some                        | --hold-out some: give a share, such as 1% or 0.01
            --hold-out 100%                        | --hold-out 1.0: expected a number from 0 to below 1
            --data x --tokenizer t --hold-out 0 --set flm.evaluate.every=5 | flm.evaluate.every = 5, but there are no held-out data
            --set flm.data.paths=                  | flm.data.paths is empty
            """)
    void badInputIsRefusedInOneLineAndNothingIsMade(String options, String message) {
        assertThat(world.flm(
                        ("pretrain " + (options.startsWith("--preset") ? "" : "--preset tiny ") + options).split(" ")))
                .as("%s", world.err())
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).hasSize(1);
        assertThat(world.err().get(0)).startsWith("flm: ").contains(message);
        assertThat(world.out()).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aRunThatCannotStartLeavesNoFolder() {
        runs.failOnStart(new UserException("a.tar: no such file; give another --data"));
        assertThat(pretrain()).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().isEqualTo("flm: a.tar: no such file; give another --data");
        assertThat(folder.resolve("runs/tiny-1")).doesNotExist();
    }

    @Test
    void aRunThatDoesNotBeginIsClosedAndLeavesNoFolder() {
        runs.failOnBegin(new UserException("a.tar: no such file; give another --data"));
        assertThat(pretrain()).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).hasSize(2).last().isEqualTo("flm: a.tar: no such file; give another --data");
        assertThat(runs.open()).isZero();
        assertThat(folder.resolve("runs/tiny-1")).doesNotExist();
    }

    @Test
    void aRunWhoseTimeWasOverBeforeItsFirstStepSaysWhatItNeedsAndLeavesNothing() {
        runs.endBeforeTheFirstStep();
        assertThat(world.flm("pretrain", "--preset", "tiny", "--run", "r", "--minutes", "0.01"))
                .isEqualTo(Failure.FAILED);
        assertThat(world.err())
                .last()
                .isEqualTo("flm: the time limit is reached, before the first step; give more --minutes");
        assertThat(folder.resolve("r")).doesNotExist();
    }

    @Test
    void aRunThatWasStoppedIsSaidHowToGoOnWithWhereItWas() throws IOException {
        runs.endStopped();
        Path token = Files.writeString(folder.resolve("token"), "0123456789abcdef\n");
        assertThat(pretrain("--run", "r", "--cluster", "a:1,b:2", "--token-file", "token", "--min-workers", "2"))
                .isZero();
        assertThat(world.err())
                .last()
                .asString()
                .isEqualTo("flm: go on with: deploy/flm pretrain --run " + folder.resolve("r")
                        + " --resume --cluster a:1,b:2 --token-file " + token + " --min-workers 2");
        assertThat(pretrain("--run", "s", "--nodes", "2")).isZero();
        assertThat(world.err()).last().asString().endsWith("/s --resume --nodes 2");
        assertThat(pretrain("--run", "t")).isZero();
        assertThat(world.err()).last().asString().endsWith("/t --resume");
    }

    @Test
    void aModelThatIsTooLargeForTheMachineIsRefusedBeforeAnythingIsBuilt() throws IOException {
        shard("a.tar", 200);
        Path data = folder.resolve("a.tar");
        String[] headline = {
            "pretrain", "--preset", "headline", "--steps", "2", "--data", "a.tar", "--tokenizer", "a.tar"
        };
        assertThat(world.flm(headline)).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .contains("GiB of memory (parameters and moments")
                .contains("and this machine has free 23.5; give ");
        assertThat(runs.requests()).isEmpty();
        assertThat(folder).isDirectoryContaining(data::equals).isDirectoryNotContaining("glob:**/runs");
    }

    @Test
    void aDryRunSaysWhatARunTakesAndMakesNothing() throws IOException {
        assertThat(pretrain("--dry-run", "--json", "--nodes", "2", "--set", "flm.checkpoint.keep=3"))
                .as("%s", world.err())
                .isZero();
        JsonNode json = new ObjectMapper().readTree(world.out());
        long parameters = json.get("parameters").asLong();
        assertThat(json.get("checkpointBytes").asLong()).isEqualTo(12 * parameters);
        assertThat(json.get("checkpointsBytes").asLong()).isEqualTo((3 + 1) * 12 * parameters);
        assertThat(json.get("exchangeBytesPerStep").asLong())
                .as("half of the gradients to the other node, and half of the sums")
                .isEqualTo(4 * parameters);
        assertThat(json.get("samples").asLong()).isEqualTo(3 * 4 * 4);
        assertThat(json.get("hours").isNull()).as("nothing was measured").isTrue();
        assertThat(json.get("memoryBytes").get("sum").asLong()).isGreaterThan(100_000_000);
        assertThat(pretrain("--dry-run", "--run", "my run")).isZero();
        assertThat(world.out())
                .contains("parameters   ")
                .contains("activations")
                .containsPattern("hours +not known .*:\ndeploy/flm pretrain --preset tiny --steps 20\n");
        assertThat(folder).isEmptyDirectory();
        assertThat(runs.requests()).isEmpty();
    }

    @Test
    void aRunThatEndsInItsWarmUpIsTold() {
        String told =
                "warning: the warm-up takes 10 steps and the run has 3: it ends before its learning rate is reached";
        assertThat(pretrain("--dry-run", "--set", "flm.train.warmup-steps=10")).isZero();
        assertThat(world.err()).anySatisfy(line -> assertThat(line).contains(told));
        assertThat(pretrain("--dry-run", "--set", "flm.train.warmup-steps=3")).isZero();
        assertThat(world.err()).noneSatisfy(line -> assertThat(line).contains("the warm-up takes"));
    }

    @Test
    void theHoursThatAreLeftFollowFromTheStepsThatARunHasDone() throws IOException {
        assertThat(pretrain("--run", "r", "--set", "flm.train.steps=1810")).isZero();
        Files.writeString(
                folder.resolve("r/metrics.jsonl"),
                IntStream.range(0, 10)
                        .mapToObj(step -> "{\"step\":" + step + ",\"seconds\":" + 2 * step + "}\n")
                        .collect(Collectors.joining()));
        assertThat(world.flm("pretrain", "--run", "r", "--resume", "--steps", "1810", "--dry-run", "--json"))
                .as("%s", world.err())
                .isZero();
        JsonNode json = new ObjectMapper().readTree(world.out());
        assertThat(json.get("hours").asDouble()).isEqualTo(1800 * 2 / 3600.0);
    }

    /** From a folder with a space and worse in its name, by a shell. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void whatIsSaidToGoOnWithCanBePasted() throws Exception {
        runs.endStopped();
        String name = "it's $HOME; `date` *\n\u00fc";
        assertThat(pretrain("--run", name, "--nodes", "2"))
                .as("%s", world.err())
                .isZero();
        String said = String.join("\n", world.err()).replaceAll("(?s).*go on with: ", "");
        Path flm = Files.createDirectories(folder.resolve("deploy")).resolve("flm");
        Files.writeString(flm, "#!/usr/bin/env bash\nprintf '%s\\0' \"$@\"\n");
        assertThat(flm.toFile().setExecutable(true)).isTrue();
        ProcessBuilder shell = new ProcessBuilder("bash", "-c", said).directory(folder.toFile());
        shell.environment().put("LC_ALL", "C.UTF-8");
        Process pasted = shell.redirectErrorStream(true).start();
        String arguments = new String(pasted.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(world.flm(arguments.split("\0")))
                .as("%s: %s", said, world.err())
                .isZero();
        assertThat(runs.requests()).hasSize(2);
        assertThat(runs.requests().get(1).run()).isEqualTo(folder.resolve(name));
        assertThat(runs.requests().get(1).resume()).isTrue();
        assertThat(runs.requests().get(1).launcher()).isEqualTo(new ChildProcessLauncher(2));
    }

    /** In every module: where they are shown, {@code flm} becomes what calls it there. */
    @Test
    void everyCommandThatAMessageNamesIsMarkedAndUnderstood() throws IOException {
        Pattern command = Pattern.compile("`(?:deploy/)?flm ([^`\"]+)`");
        List<Path> sources;
        try (Stream<Path> files = Files.walk(TestEnvironment.ROOT)) {
            sources = files.filter(file -> file.toString().matches(".*/src/main/java/.*\\.java"))
                    .toList();
        }
        int found = 0;
        for (Path source : sources) {
            for (String line : Files.readAllLines(source)) {
                if (line.strip().matches("(//|\\*|/\\*\\*).*")) {
                    continue;
                }
                assertThat(line)
                        .as("%s: write `flm ...`, which is shown as it is called", source)
                        .doesNotContain("deploy/flm ")
                        .doesNotMatch(
                                ".*\"[^\"]*(with|with:|by|run|see) flm (pretrain|status|evaluate|doctor|config|bridge|data|stop) .*");
                for (String arguments :
                        command.matcher(line).results().map(m -> m.group(1)).toList()) {
                    found++;
                    assertThatCode(() -> world.commandLine(arguments.split(" ")).parseArgs(arguments.split(" ")))
                            .as("%s: flm %s", source, arguments)
                            .doesNotThrowAnyException();
                }
            }
        }
        System.clearProperty(TorchRoute.PROPERTY); // what is parsed here is not meant
        assertThat(found).isGreaterThan(10);
    }

    @Test
    void aRunThatFailsIsSaidHowToGoOnInTheSameLine() throws IOException {
        assertThat(pretrain("--run", "r")).isZero();
        Files.createDirectories(folder.resolve("r/checkpoints/step-0000000020"));
        Files.createDirectories(folder.resolve("r/checkpoints/step-0000000010"));
        runs.failOnAwait(new UserException("step 40 could not be saved: r: the disk is full; make room"));
        assertThat(pretrain("--run", "r", "--resume")).isEqualTo(Failure.FAILED);
        assertThat(world.err())
                .last()
                .asString()
                .isEqualTo("flm: step 40 could not be saved: r: the disk is full; make room; go on from"
                        + " step-0000000020 with `deploy/flm pretrain --run " + folder.resolve("r")
                        + " --resume`; log: " + folder.resolve("r/flm.log"));
    }

    /** The run is finished all the same. */
    @Test
    void anEvaluationThatFailsIsSaidWithHowToRepeatItAndTheRunIsStillReported() throws IOException {
        Path checkpoint = Files.createDirectories(folder.resolve("r-checkpoint"));
        runs.endWith(checkpoint);
        assertThat(pretrain("--run", "r", "--json")).isEqualTo(Failure.FAILED);
        assertThat(world.err())
                .last()
                .asString()
                .startsWith("flm: " + checkpoint + ": no checkpoint there")
                .endsWith("; evaluate it with `deploy/flm evaluate --from " + checkpoint + "`");
        JsonNode json = new ObjectMapper().readTree(world.out());
        assertThat(json.get("steps").asInt()).isEqualTo(3);
        assertThat(json.get("heldOut").isNull()).isTrue();
        assertThat(runs.open()).isZero();
    }

    @Test
    void anInternalErrorIsOneLineThatNamesTheLog() {
        runs.failOnAwait(new IllegalStateException("broken"));
        assertThat(pretrain("--run", "r")).isEqualTo(Failure.FAILED);
        assertThat(world.err())
                .last()
                .asString()
                .isEqualTo("flm: internal error: java.lang.IllegalStateException: broken; log: "
                        + folder.resolve("r/flm.log"));
        assertThat(world.err()).noneMatch(line -> line.contains("\tat "));
    }

    @Test
    void tooLittleMemoryIsNamedWhereverItShows() {
        runs.failOnStart(new OutOfMemoryError("Java heap space"));
        assertThat(pretrain()).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).last().asString().startsWith("flm: out of memory");
        runs.failOnAwait(new OutOfMemoryError("Java heap space"));
        assertThat(pretrain()).isEqualTo(Failure.FAILED);
        assertThat(world.err()).last().asString().startsWith("flm: out of memory");
    }

    @Test
    void aFolderThatHoldsARunIsNotOverwritten() throws IOException {
        assertThat(pretrain("--run", "r")).isZero();
        String before = Files.readString(folder.resolve("r/effective.conf"));
        assertThat(pretrain("--run", "r", "--seed", "9")).isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .last()
                .asString()
                .contains("holds a run already")
                .contains("--resume");
        assertThat(folder.resolve("r/effective.conf")).hasContent(before);
    }

    @Test
    void configShowsEveryKeyItsValueAndItsOrigin() throws IOException {
        assertThat(world.flm("config", "--preset", "tiny", "--set", "flm.train.lanes=2", "--json"))
                .isZero();
        JsonNode json = new ObjectMapper().readTree(world.out());
        assertThat(json.get("flm.train.lanes").get("value").asInt()).isEqualTo(2);
        assertThat(json.get("flm.train.lanes").get("origin").asText()).isEqualTo("--set");
        assertThat(world.flm("config")).isZero();
        assertThat(world.out()).containsPattern("flm.model.hidden = 64 +# preset emoji");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --set flm.data.captions=foo          | flm.data.captions = foo (--set): expected one of random, first
            --set flm.model.heads=7              | flm.model.hidden = 64 is no multiple of flm.model.heads = 7
            --set flm.data.max-tokens=60         | flm.data.max-tokens = 60, but flm.model.max-positions = 52 has room for no more than that
            --set flm.worker.workers=3           | flm.worker.workers = 3, but flm.train.lanes = 2
            --set flm.exchange.connect-timeout=300ms | give at least flm.exchange.liveness-timeout
            flm.train.lane                       | flm.train.lane (asked for): no such key; did you mean flm.train.lanes?
            """)
    void configChecksAsARunDoes(String options, String message) {
        assertThat(world.flm(("config " + options).split(" "))).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains(message);
    }

    @Test
    void configExplainsAKey() throws IOException {
        assertThat(world.flm("config", "flm.train.lanes", "--set", "flm.train.lanes=4"))
                .isZero();
        assertThat(world.out())
                .startsWith("flm.train.lanes = 4  # --set\n")
                .contains("Parts of the global batch")
                .contains("takes a whole number from 1 to 16384 (lanes); default 8")
                .contains("identity: decides the weights");
        assertThat(world.flm("config", "flm.http", "--json")).isZero();
        JsonNode json = new ObjectMapper().readTree(world.out());
        assertThat(json.get("flm.http.port").get("role").asText()).isEqualTo("operational");
        assertThat(json.get("flm.http.port").get("default").asInt()).isZero();
        assertThat(json.has("flm.train.lanes")).isFalse();
        assertThat(world.flm("config", "--explain")).isZero();
        assertThat(world.out()).contains("flm.data.captions = \"first\"  # preset emoji");
    }

    @Test
    void aFolderMayBeCalledAnythingAndItsRunGetsAName() {
        assertThat(pretrain("--run", "my run (2)")).as("%s", world.err()).isZero();
        assertThat(runs.requests().get(0).name()).isEqualTo("my-run-2");
        assertThat(folder.resolve("my run (2)/effective.conf")).exists();
        for (String odd : new String[] {"\u00fc\u00f6", ".hidden", "-", "a".repeat(200)}) {
            new io.flm.coordinator.http.Submission(io.flm.coordinator.http.Submission.nameOf(odd), "", 0, 0, false);
        }
    }

    @Test
    void whatIsAcceptedHoldsForOneResumption() {
        assertThat(pretrain("--run", "r")).isZero();
        assertThat(world.flm("pretrain", "--run", "r", "--resume", "--accept", "data,flm.train.learning-rate"))
                .as("%s", world.err())
                .isZero();
        assertThat(runs.requests().get(1).config().getStringList("flm.checkpoint.accept"))
                .containsExactly("data", "flm.train.learning-rate");
        assertThat(world.flm("pretrain", "--run", "r", "--resume")).isZero();
        assertThat(runs.requests().get(2).config().getStringList("flm.checkpoint.accept"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --accept data                          | --accept is for a run that goes on: give --resume, too
            --from x --resume                      | --from begins a new run: leave --resume out
            --from nowhere                         | nowhere
            """)
    void optionsThatDoNotGoTogetherAreRefused(String options, String message) {
        assertThat(pretrain(options.split(" "))).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains(message);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aRunsConfigurationIsReadClosedWhenItIsResumed() throws IOException {
        for (String foreign : new String[] {
            "include \"/etc/hostname\"",
            "flm.data.tokenizer = ${HOME}",
            "",
            "akka.loglevel = DEBUG",
            "flm {",
            "flm.train.lanes = 0"
        }) {
            Path run = Files.createDirectories(folder.resolve("foreign"));
            Files.writeString(run.resolve("effective.conf"), foreign);
            assertThat(world.flm("pretrain", "--run", "foreign", "--resume"))
                    .as(foreign)
                    .isEqualTo(Failure.REFUSED);
            assertThat(world.err())
                    .singleElement()
                    .asString()
                    .startsWith("flm: ")
                    .contains("effective.conf");
        }
        assertThat(runs.requests()).isEmpty();
    }

    /** The folder may be somebody else's, or a copy of one. */
    @Test
    void aRunsFolderSaysNothingOfTheNodeThatResumesIt() throws IOException {
        assertThat(pretrain("--run", "r")).isZero();
        Path file = folder.resolve("r/effective.conf");
        String evil = Files.readString(file) + """
                flm.http { host = 0.0.0.0, token-file = /home/u/known, names = [evil.example] }
                flm.node { host = 0.0.0.0, data-roots = ["/"] }
                flm.exchange { host = 0.0.0.0, directory = /tmp, codec = bf16 }
                """;
        Files.writeString(file, evil);
        assertThat(world.flm("pretrain", "--run", "r", "--resume", "--set", "flm.http.port=8123"))
                .as("%s", world.err())
                .isZero();
        assertThat(world.err().get(0))
                .contains(
                        "effective.conf: not taken, since it is this node's owner who says so: flm.exchange.directory,"
                                + " flm.exchange.host, flm.http.host, flm.http.names, flm.http.token-file, flm.node.data-roots,"
                                + " flm.node.host; give them with --set or --config");
        Config resumed = runs.requests().get(1).config();
        for (String key : List.of("flm.http.host", "flm.node.host", "flm.exchange.host")) {
            assertThat(resumed.getString(key)).as(key).isEqualTo("127.0.0.1");
        }
        assertThat(resumed.getString("flm.http.token-file")).isEmpty();
        assertThat(resumed.getStringList("flm.http.names")).isEmpty();
        assertThat(resumed.getStringList("flm.node.data-roots")).isEmpty();
        assertThat(resumed.getString("flm.exchange.directory")).isEqualTo("/dev/shm");
        assertThat(resumed.getInt("flm.http.port")).isEqualTo(8123);
        assertThat(resumed.getString("flm.exchange.codec"))
                .as("decides the weights")
                .isEqualTo("bf16");
    }

    @Test
    void theCommandThatGoesOnSaysAgainWhatTheRunsFolderMayNot() {
        runs.endStopped();
        assertThat(pretrain("--run", "r", "--set", "flm.http.port=8123", "--set", "flm.http.names=a,b"))
                .isZero();
        assertThat(world.err())
                .last()
                .asString()
                .endsWith(" --resume --set 'flm.http.names=[\"a\",\"b\"]' --set flm.http.port=8123");
    }

    @Test
    void everyPresetIsValid() {
        for (String preset : Presets.NAMES) {
            assertThat(world.flm("config", "--preset", preset))
                    .as("%s", world.err())
                    .isZero();
        }
    }

    @Test
    void helpAndVersionAreResults() {
        for (String command : new String[] {"pretrain", "config", "version"}) {
            assertThat(world.flm(command, "--help")).isZero();
            assertThat(world.out()).contains("Usage: deploy/flm " + command);
            assertThat(world.err()).isEmpty();
        }
        assertThat(world.flm("--version")).isZero();
        assertThat(world.out()).startsWith("flm ");
        assertThat(world.flm()).isEqualTo(Failure.REFUSED);
        assertThat(world.flm("pretrian")).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("pretrain");
    }
}
