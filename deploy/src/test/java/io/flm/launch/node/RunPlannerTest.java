package io.flm.launch.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.flm.coordinator.http.Submission;
import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.DataRoots;
import io.flm.launch.config.MessageSizeTest;
import io.flm.worker.RunPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

public class RunPlannerTest {
    private static final Path HOME = Path.of("/opt/flm");
    private static final String DATA = "flm.data { paths = [\"/data/x.tar\"], tokenizer = /data/t.json }\n";

    @TempDir
    private Path folder = Path.of("");

    /** No bounds on where data are. */
    public static DataRoots everywhere() {
        return roots("flm.node.data-roots=/");
    }

    /** A run of one worker on the emoji. */
    static RunPlan tiny(String id, String... settings) {
        Configuration.Builder layers = Configuration.builder().preset("tiny", TestEnvironment.ROOT);
        for (String setting : settings) {
            layers.set(setting, TestEnvironment.ROOT);
        }
        String config = layers.build().portable(TestEnvironment.ROOT);
        return new RunPlanner(TestEnvironment.ROOT, false, everywhere()).plan(new Submission(id, config, 1, 0, false));
    }

    private static DataRoots roots(String... assignments) {
        Configuration.Builder layers = Configuration.builder();
        for (String assignment : assignments) {
            layers.set(assignment, Path.of("/"));
        }
        return DataRoots.of(layers.build().config(), HOME);
    }

    private static RunPlan plan(String config) {
        return new RunPlanner(HOME, false, everywhere()).plan(new Submission("r", config, 2, 3, true));
    }

    @Test
    void aPlanHoldsWhatWasSubmittedAndDefaultsOtherwise() {
        RunPlan plan = plan(DATA + "flm.train { lanes = 6, steps = 60 }");
        assertThat(plan.lanes()).isEqualTo(6);
        assertThat(plan.totalSteps()).isEqualTo(60);
        assertThat(plan.minWorkers()).isEqualTo(2);
        assertThat(plan.maxWorkers()).isEqualTo(3);
        assertThat(plan.resume()).isTrue();
        assertThat(plan.codec()).isEqualTo("fp32");
        assertThat(plan(DATA + "flm.exchange.codec = bf16").codec()).isEqualTo("bf16");
        assertThat(plan.encrypted()).isFalse();
        assertThat(new RunPlanner(HOME, true, everywhere())
                        .plan(new Submission("r", DATA, 1, 0, false))
                        .encrypted())
                .isTrue();
    }

    /** Each host has the program, and the data that ship with it, in a folder of its own. */
    @Test
    void pathsWithinTheProgramMoveWithIt() {
        Configuration sent = Configuration.builder()
                .text(
                        "flm.data { paths = [/here/flm/data/a.tar, /data/b.tar], tokenizer = /here/flm/t.json }",
                        "t",
                        HOME)
                .build();
        String text = sent.portable(Path.of("/here/flm"));
        Configuration there =
                Configuration.builder().text(text, "submitted", HOME).build();
        assertThat(there.config().getStringList("flm.data.paths"))
                .containsExactly("/opt/flm/data/a.tar", "/data/b.tar");
        assertThat(there.config().getString("flm.data.tokenizer")).isEqualTo("/opt/flm/t.json");
        assertThat(there.portable(HOME)).contains("flm-home:/data/a.tar", "/data/b.tar", "flm-home:/t.json");
    }

    @Test
    void whatIsWrongIsNamed() {
        assertThatThrownBy(() -> plan("flm.trian.lanes = 3"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.trian.lanes (submitted): no such key; did you mean flm.train.lanes?");
        assertThatThrownBy(() -> plan("flm {"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("submitted: not a configuration");
        assertThatThrownBy(() -> plan("akka.loglevel = DEBUG"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("other keys than those below flm: akka");
        assertThatThrownBy(() -> plan("")).isInstanceOf(UserException.class).hasMessageContaining("flm.data.paths");
        assertThatThrownBy(() -> plan(DATA + "flm.exchange.codec = fp8"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("flm.exchange.codec = fp8 (submitted): expected one of fp32, bf16");
        assertThatThrownBy(() -> plan(DATA + "flm.exchange.liveness-timeout = soon"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("liveness-timeout");
        assertThatThrownBy(() -> plan(DATA + "flm.train.lanes = 3000000000"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("lanes");
        assertThatThrownBy(() -> plan(DATA + "flm.data.tokenizer = \"a\\u0000b\""))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no path");
        assertThatThrownBy(() -> plan(DATA + "flm.data.paths = " + "[".repeat(100_000)))
                .isInstanceOf(UserException.class);
    }

    @Test
    void aConfigurationThatNodesCannotTellEachOtherIsRefused() {
        assertThatThrownBy(() -> plan(MessageSizeTest.config(6000, 4)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("more than the 262144 that nodes tell each other")
                .hasMessageContaining("give folders of shards");
    }

    /** Whoever may submit a run may not read the node's files by it. */
    @Test
    void aSubmittedTextReadsNoFileAndNoEnvironment() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret.conf"), "flm.train.lanes = 3");
        for (String include : new String[] {
            "include \"" + secret + "\"",
            "include file(\"" + secret + "\")",
            "include url(\"" + secret.toUri() + "\")",
            "include classpath(\"node.conf\")"
        }) {
            assertThatThrownBy(() -> plan(DATA + include))
                    .as(include)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a configuration holds its values itself");
        }
        assertThatThrownBy(() -> plan("flm.http.host = ${PATH}")).isInstanceOf(UserException.class);
    }

    /** The path leads elsewhere, whether there is something or not. */
    @Test
    void aRunNamesNoFileOutsideOfTheNodesDataRoots() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        Path token = Files.writeString(folder.resolve("token"), "0123456789abcdef");
        Path link = Files.createSymbolicLink(data.resolve("link.json"), token);
        Path inside = Files.writeString(data.resolve("t.json"), "{}");
        DataRoots roots = roots("flm.node.data-roots=" + data);
        for (String tokenizer : List.of(
                token.toString(),
                link.toString(),
                data + "/../token",
                folder + "/database/t.json",
                folder + "/nowhere",
                "flm-home:/../../" + token,
                "/dev/zero",
                "/proc/self/environ")) {
            assertThatThrownBy(() -> planned(roots, data.toString(), tokenizer))
                    .as(tokenizer)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("is not below the folders that this node takes data from, " + data)
                    .hasMessageContaining("flm.data.tokenizer: ")
                    .hasMessageEndingWith("let its owner add the folder to flm.node.data-roots");
        }
        Files.createSymbolicLink(data.resolve("out"), folder);
        assertThatThrownBy(() -> planned(roots, data + "/{x,out}/a.tar", inside.toString()))
                .hasMessageStartingWith("flm.data.paths: " + data + "/out/a.tar is not below");
        assertThatThrownBy(() -> planned(roots, data + "/{.,x}{.,x}/a.tar", inside.toString()))
                .hasMessageContaining("braces must not stand for . or ..");
        assertThat(planned(roots, data + "/{000..002}.tar", inside.toString()).run())
                .isEqualTo("r");
        assertThatThrownBy(() -> planned(roots, "/etc", inside.toString()))
                .hasMessageStartingWith("flm.data.paths: /etc is not below");
        assertThat(planned(roots, data.resolve("not-yet/a.tar").toString(), inside.toString())
                        .run())
                .isEqualTo("r");
        Path other = Files.createSymbolicLink(folder.resolve("other"), data);
        assertThat(planned(roots("flm.node.data-roots=" + other), data.toString(), inside.toString())
                        .run())
                .as("the owner's own link to a root")
                .isEqualTo("r");
    }

    /** A server may be one that only this node can reach. */
    @Test
    void aRunNamesNoAddressOutsideOfTheNodesDataRoots() {
        DataRoots roots = roots("flm.node.data-roots=[\"/data\", \"https://host/cc3m\"]");
        assertThat(planned(roots, "https://host/cc3m/s-{000..002}.tar", "/data/t.json")
                        .run())
                .isEqualTo("r");
        assertThat(planned(roots, "HTTPS://HOST/cc3m/a.tar?signed=1", "/data/t.json")
                        .run())
                .isEqualTo("r");
        for (String address : List.of(
                "http://169.254.169.254/latest",
                "https://host/cc3",
                "https://host/cc3mm/a.tar",
                "https://host/cc3m/../private/a.tar",
                "https://host/cc3m/%2e%2E/private/a.tar",
                "https://host/cc3m/..%2fprivate/a.tar",
                "https://host:8443/cc3m/a.tar",
                "http://host/cc3m/a.tar",
                "https://host.elsewhere/cc3m/a.tar",
                "https://elsewhere/{cc3m,x}/a.tar")) {
            assertThatThrownBy(() -> planned(roots, address, "/data/t.json"))
                    .as(address)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("is not below the folders that this node takes data from, /data,"
                            + " https://host/cc3m; let its owner add the folder to flm.node.data-roots");
        }
        assertThatThrownBy(() -> planned(everywhere(), "https://host/a.tar", "/data/t.json"))
                .as("a root of files is none of servers")
                .isInstanceOf(UserException.class);
        assertThat(planned(
                                roots("flm.data.paths=https://host/s-{0..3}.tar", "flm.data.tokenizer=/data/t.json"),
                                "https://host/s-2.tar",
                                "/data/t.json")
                        .run())
                .as("what the node's own configuration names")
                .isEqualTo("r");
    }

    @Test
    void bucketsAreRootsWithWhatLiesBelowTheirPrefixes() {
        DataRoots roots = roots("flm.node.data-roots=[\"/data\", \"s3://bucket/cc3m/\", \"s3://whole\"]");
        for (String data :
                List.of("s3://bucket/cc3m/", "s3://bucket/cc3m/s-{0..3}.tar", "s3://whole/a b?.tar", "s3://whole/")) {
            assertThat(planned(roots, data, "/data/t.json").run()).as(data).isEqualTo("r");
        }
        for (String data : List.of(
                "s3://bucket",
                "s3://bucket/cc3mm/",
                "s3://Bucket/cc3m/a.tar",
                "s3://bucket/cc3m/../x.tar",
                "https://bucket/cc3m/a.tar")) {
            assertThatThrownBy(() -> planned(roots, data, "/data/t.json"))
                    .as(data)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("is not below the folders that this node takes data from");
        }
    }

    /** A list leads elsewhere by its lines, and one on a server by lines that are others when it is read. */
    @Test
    void aListLeadsNowhereElse() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        Path inside = Files.writeString(data.resolve("t.json"), "{}");
        DataRoots roots = roots("flm.node.data-roots=[\"" + data + "\", \"https://host/cc3m\"]");
        Path list = Files.writeString(data.resolve("a.list"), "a.tar\nhttps://host/cc3m/s-{0..3}.tar\n");
        assertThat(planned(roots, list.toString(), inside.toString()).run()).isEqualTo("r");
        for (String line : List.of("/etc/hosts", "../secret.tar", "http://169.254.169.254/a.tar", "s3://bucket/")) {
            Files.writeString(list, "a.tar\n" + line + "\n");
            assertThatThrownBy(() -> planned(roots, list.toString(), inside.toString()))
                    .as(line)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("is not below the folders that this node takes data from");
        }
        assertThatThrownBy(() -> planned(roots, "https://host/cc3m/a.list", inside.toString()))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("flm.data.paths: https://host/cc3m/a.list is a list on a server");
        assertThat(planned(
                                roots(
                                        "flm.data.paths=" + Files.writeString(list, "/elsewhere/a.tar"),
                                        "flm.data.tokenizer=" + inside),
                                "/elsewhere/a.tar",
                                inside.toString())
                        .run())
                .as("what a list of the node's own configuration names")
                .isEqualTo("r");
    }

    @Test
    void rootsMayHaveBracesAndEndWithASlash() {
        DataRoots roots = roots("flm.node.data-roots=[\"/data\", \"https://host/{cc3m,sbu/}\", \"https://whole\"]");
        for (String address : List.of(
                "https://host/cc3m/a.tar",
                "https://host/cc3m",
                "https://host/sbu/deep/a.tar",
                "https://whole/a.tar",
                "https://whole")) {
            assertThat(planned(roots, address, "/data/t.json").run())
                    .as(address)
                    .isEqualTo("r");
        }
        for (String address : List.of("https://host/sbuu", "https://host/coco/a.tar", "https://whole:1/a.tar")) {
            assertThatThrownBy(() -> planned(roots, address, "/data/t.json"))
                    .as(address)
                    .hasMessageContaining("is not below the folders");
        }
        assertThatThrownBy(() -> roots("flm.node.data-roots=[\"https://my_host/a\"]"))
                .as("when the node starts")
                .isInstanceOf(UserException.class)
                .hasMessageContaining("names no host");
    }

    /** Each pair of them would take minutes. */
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void asManyAddressesAsADataSetMayHaveAreCheckedAtOnce() {
        String shards = "https://host/cc3m/s-{00000..99999}.tar";
        DataRoots roots = roots("flm.data.paths=" + shards, "flm.data.tokenizer=/data/t.json");
        assertThat(planned(roots, shards, "/data/t.json").run()).isEqualTo("r");
    }

    /** Else a run could have a file of the node's shown to a server of its choice, or its folders filled. */
    @Test
    void whichTokenIsShownAndWhatIsKeptIsForTheNodesOwnerToSay() {
        DataRoots roots = roots("flm.data.remote.token-file=/own/token", "flm.data.remote.tries=3");
        Config run = Configuration.builder()
                .text(DATA + "flm.data.remote { token-file = /etc/passwd, cache-folder = /etc, tries = 9 }", "t", HOME)
                .build()
                .config();
        Config own = roots.withOwn(run);
        assertThat(own.getString("flm.data.remote.token-file")).isEqualTo("/own/token");
        assertThat(own.getString("flm.data.remote.cache-folder")).isEmpty();
        assertThat(own.getInt("flm.data.remote.tries")).isEqualTo(3);
        assertThat(own.getStringList("flm.data.paths")).containsExactly("/data/x.tar");
    }

    private static RunPlan planned(DataRoots roots, String data, String tokenizer) {
        String config = "flm.data { paths = [\"" + data + "\"], tokenizer = \"" + tokenizer + "\" }";
        return new RunPlanner(HOME, false, roots).plan(new Submission("r", config, 1, 0, false));
    }

    /** Only then does a node read them; else the submitter does, with rights of his own. */
    @Test
    void heldOutDataThatNodesReadWhileTheyTrainAreBoundedLikeTheOthers() throws Exception {
        Path data = Files.createDirectory(folder.resolve("data"));
        RunPlanner planner = new RunPlanner(HOME, false, roots("flm.node.data-roots=" + data));
        String config = "flm.data { paths = [\"" + data + "\"], tokenizer = \"" + data + "/t.json\", eval-paths = [\""
                + folder + "/private.tar\"] }\n";
        assertThat(planner.plan(new Submission("r", config, 1, 0, false)).run()).isEqualTo("r");
        Submission validating = new Submission("r", config + "flm.evaluate.every = 10", 1, 0, false);
        assertThatThrownBy(() -> planner.plan(validating))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("flm.data.eval-paths: " + folder + "/private.tar is not below");
    }

    /** So flm pretrain, whose node has the run's own configuration, asks nobody. */
    @Test
    void whatTheNodesOwnConfigurationNamesIsAllowedUntilItsOwnerSaysMore() {
        DataRoots roots = roots(
                "flm.data.paths=[\"/mnt/a.tar\", \"/mnt/more\", \"/mnt/{000..002}.tar\"]",
                "flm.data.tokenizer=/mnt/t.json");
        assertThat(planned(roots, "/mnt/{001..002}.tar", "/mnt/t.json").run()).isEqualTo("r");
        assertThat(planned(roots, "/mnt/more/b.tar", "/mnt/t.json").run()).isEqualTo("r");
        assertThat(planned(roots, "flm-home:/data-stream/emoji/x.tar", "flm-home:/data-stream/t.json")
                        .run())
                .isEqualTo("r");
        assertThatThrownBy(() -> planned(roots, "/mnt/b.tar", "/mnt/t.json")).hasMessageContaining("flm.data.paths");
        assertThatThrownBy(() -> planned(roots, "/mnt/a.tar", "flm-home:/deploy/x"))
                .hasMessageContaining("flm.data.tokenizer");
    }
}
