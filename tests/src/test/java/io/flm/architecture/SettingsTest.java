package io.flm.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigResolveOptions;
import io.flm.worker.config.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static final Pattern GET_DOUBLE = Pattern.compile("getDouble\\(\"(?:[\\w-]+\\.)*([\\w-]+)\"\\)");

    @Test
    void everyKeyIsReadBySomeClass() throws IOException {
        StringBuilder sources = new StringBuilder();
        for (Path file : Repository.mainFiles(".java")) {
            sources.append(Files.readString(file));
        }
        String code = sources.toString();
        List<String> unread = keys().stream()
                .filter(key -> !code.contains("\"" + key + "\""))
                .filter(key -> !code.contains("\"" + key.substring(key.lastIndexOf('.') + 1) + "\""))
                .filter(key -> !code.contains("\"" + lastTwo(key) + "\""))
                .toList();
        assertThat(unread).as("keys of reference.conf that nothing reads").isEmpty();
    }

    /** Reading the tags refuses keys without one, and defaults that they do not hold. */
    @Test
    void everyKeyHasACommentWhoseLastLineIsAWellFormedTag() throws IOException {
        assertThat(Keys.of(reference()).byName().keySet()).containsExactlyInAnyOrderElementsOf(keys());
    }

    @Test
    void theProgramKnowsTheKeysOfAllModules() throws IOException {
        assertThat(Keys.known().byName().keySet()).containsExactlyInAnyOrderElementsOf(keys());
    }

    /** A default without a fraction refuses values with one. */
    @Test
    void defaultsOfFractionsAreWrittenAsFractions() throws IOException {
        Set<String> fractions = new TreeSet<>();
        for (Path file : Repository.mainFiles("Settings.java")) {
            Matcher reads = GET_DOUBLE.matcher(Files.readString(file));
            while (reads.find()) {
                fractions.add(reads.group(1));
            }
        }
        Config reference = reference();
        assertThat(keys())
                .filteredOn(key -> fractions.contains(key.substring(key.lastIndexOf('.') + 1)))
                .isNotEmpty()
                .allSatisfy(key -> assertThat(reference.getString(key)).as(key).doesNotMatch("-?\\d+"));
    }

    @Test
    void theModulesKeysAreFound() throws IOException {
        assertThat(keys()).contains("flm.train.lanes", "flm.train.micro-batch", "flm.http.port");
    }

    private static List<String> keys() throws IOException {
        return reference().withOnlyPath("flm").entrySet().stream()
                .map(entry -> entry.getKey())
                .sorted()
                .toList();
    }

    private static Config reference() throws IOException {
        Config all = ConfigFactory.empty();
        for (Path file : Repository.mainFiles("reference.conf")) {
            all = all.withFallback(ConfigFactory.parseFile(file.toFile())
                    .resolve(ConfigResolveOptions.defaults().setAllowUnresolved(true)));
        }
        return all;
    }

    private static String lastTwo(String key) {
        String[] parts = key.split("\\.", -1);
        return parts[parts.length - 2] + "." + parts[parts.length - 1];
    }
}
