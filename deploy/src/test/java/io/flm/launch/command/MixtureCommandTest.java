package io.flm.launch.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.DataRoots;
import io.flm.launch.console.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How sources of a mixture are given, and what is said of them. */
class MixtureCommandTest {
    @TempDir
    private Path folder = Path.of("");

    private TestEnvironment world() throws IOException {
        for (String name : List.of("a.tar", "b.tar")) {
            try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(folder.resolve(name)))) {
                for (int i = 0; i < 40; i++) {
                    for (String form : List.of(".png", ".txt")) { // of which nothing is read but their names
                        tar.putArchiveEntry(new TarArchiveEntry(i + form));
                        tar.closeArchiveEntry();
                    }
                }
            }
        }
        new TarArchiveOutputStream(Files.newOutputStream(folder.resolve("empty.tar"))).close();
        return new TestEnvironment(folder);
    }

    private static String[] dryRun(String... options) {
        List<String> arguments = new ArrayList<>(
                List.of("pretrain", "--dry-run", "--steps", "100", "--tokenizer", "t.json", "--hold-out", "20%"));
        arguments.addAll(List.of(options));
        return arguments.toArray(String[]::new);
    }

    @Test
    void aDryRunTellsWhatEachSourceGives() throws IOException {
        TestEnvironment world = world();
        assertThat(world.flm(dryRun("--source", "b-1=b.tar", "--source", "a=a.tar", "--mix", "a=3")))
                .as("%s", world.err())
                .isZero();
        assertThat(world.out())
                .contains(
                        "3,200 in 100 steps",
                        "2,400 of source a, 75.00 %",
                        "800 of source b-1, 25.00 %",
                        "of 80 samples");
        assertThat(world.flm(dryRun("--data", "a.tar"))).isZero();
        assertThat(world.out()).doesNotContain("of source");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--mix a=0 | --mix a 0: expected a number from above 0 to 1000000 (weight)",
                "--mix a=-1 | --mix a -1: expected a number from above 0 to 1000000 (weight)",
                "--mix a=NaN | --mix a NaN: expected a number from above 0 to 1000000 (weight)",
                "--mix a=1,a=2 | --mix names a twice; give it one weight",
                "--mix c=1 | --mix c=1: there is no source of this name; give its data with --source c=PATH",
                "--mix a | --mix a: give a name and what it has, such as coco=0.7",
                "--source c= | --source c=: give a name and what it has, such as coco=coco/",
                "--source c.d=a.tar | --source c.d=a.tar: the name of a source has up to 32 letters a to z, digits, - and _, the first no sign; give it another name",
                "--source -c=a.tar | --source -c=a.tar: the name of a source has up to 32 letters a to z, digits, - and _, the first no sign; give it another name",
                "--data a.tar | --data and --source both say what to train on; give one",
                "--set flm.data.sources.a.tokenizer=x | flm.data.sources.a.tokenizer (--set): no such key of a source, which may say paths, weight, captions, exif-orientation, picture-fit, augment.*; its name has up to 32 letters a to z, digits, - and _, the first no sign",
                "--set flm.data.sources.a.captions=some | flm.data.sources.a.captions = some (--set): expected one of random, first",
                "--set flm.data.sources.c.weight=1 | flm.data.sources.c.paths is empty: give the data of this source with --source c=PATH, or do without it",
            })
    void whatIsWrongIsSaidInOneLine(String options, String message) throws IOException {
        TestEnvironment world = world();
        List<String> all = new ArrayList<>(List.of("--source", "a=a.tar", "--source", "b=b.tar"));
        all.addAll(List.of(options.split(" ")));
        assertThat(world.flm(dryRun(all.toArray(String[]::new)))).isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().isEqualTo("flm: " + message);
    }

    @Test
    void sourcesArePackedOneByOne() throws IOException {
        TestEnvironment world = world();
        assertThat(world.flm("data", "pack", "--set", "flm.data.sources.a.paths=[\"a.tar\"]", "--out", "packed"))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err())
                .singleElement()
                .asString()
                .isEqualTo("flm: flm.data.sources: sources are packed one by one; name one's paths");
    }

    @Test
    void aSourceWithoutSamplesIsNamed() throws IOException {
        TestEnvironment world = world();
        assertThat(world.flm(dryRun("--source", "a=a.tar", "--source", "c=empty.tar")))
                .isEqualTo(Failure.REFUSED);
        assertThat(world.err()).singleElement().asString().contains("source c: ", "empty.tar]: hold no sample");
    }

    @Test
    void sourcesTakeThePlaceOfDataAndDataOfSources() throws IOException {
        Path file = folder.resolve("mix.conf");
        Files.writeString(file, """
                flm.data {
                  captions = first
                  sources { b { paths = [b.tar] }, a { paths = [a.tar], weight = 3, captions = random, augment.scale = 1.5 } }
                }
                """);
        Configuration.Builder layers = Configuration.builder()
                .preset("emoji", TestEnvironment.ROOT)
                .file(file)
                .set("flm.data.sources.b.weight=2", folder);
        Configuration mixed = layers.build();
        DataSettings data = DataSettings.from(mixed.config());
        assertThat(data.sources()).extracting(SourceSettings::name).containsExactly("a", "b");
        assertThat(data.sources()).extracting(SourceSettings::weight).containsExactly(3.0, 2.0);
        assertThat(data.paths()).containsExactly(folder.resolve("a.tar"), folder.resolve("b.tar"));
        assertThat(data.sources())
                .extracting(SourceSettings::captions)
                .containsExactly(DataSettings.Captions.RANDOM, DataSettings.Captions.FIRST);
        assertThat(data.sources())
                .as("the preset's augmentation was made for its own data")
                .extracting(source -> source.augmentation().scale())
                .containsExactly(1.5, 1.0);
        assertThat(data.holdOut()).isEqualTo(0.01);

        assertThat(DataSettings.from(Configuration.builder()
                                .text(mixed.portable(folder), "t", Path.of("/opt/flm"))
                                .build()
                                .config())
                        .paths())
                .as("paths within the program move with it")
                .containsExactly(Path.of("/opt/flm/a.tar"), Path.of("/opt/flm/b.tar"));

        Config one = layers.option("flm.data.paths", List.of("c.tar"), "--data", folder)
                .build()
                .config();
        assertThat(SourceSettings.names(one)).isEmpty();
        assertThat(DataSettings.from(one).paths()).containsExactly(folder.resolve("c.tar"));
    }

    @Test
    void aSubmittedRunMayNameSourcesBelowTheNodesFoldersAlone() {
        DataRoots roots = DataRoots.of(
                Configuration.builder()
                        .set("flm.node.data-roots=/data", Path.of("/"))
                        .build()
                        .config(),
                Path.of("/opt/flm"));
        String data = "flm.data { tokenizer = /data/t.json, sources { a.paths = [/data/a.tar], b.paths = [%s] } }";
        roots.require(text(data.formatted("/data/b.tar")));
        assertThatThrownBy(() -> roots.require(text(data.formatted("/etc/b.tar"))))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("flm.data.sources.b.paths: /etc/b.tar is not below the folders");
    }

    private static Config text(String text) {
        return Configuration.builder()
                .text(text, "submitted", Path.of("/"))
                .build()
                .config();
    }
}
