package io.flm.architecture;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The libraries that the program is started with, by the class path that the build writes for {@code deploy/flm}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LibrariesTest {
    /** Below these versions a hole is known. */
    private static final Map<String, String> LEAST = Map.ofEntries(
            entry("io.airlift:aircompressor", "2.0.3"), // CVE-2025-67721
            entry("ch.qos.logback:logback-core", "1.5.25"), // CVE-2025-11226, CVE-2026-1225
            entry("org.lz4:lz4-java", "never"), // CVE-2025-12183; goes on as at.yawk.lz4
            entry("at.yawk.lz4:lz4-java", "1.10.1"), // CVE-2025-66566
            entry("com.fasterxml.jackson.core:jackson-databind", "2.21.4"), // CVE-2026-54513
            entry("com.typesafe.akka:akka-http-core_2.13", "10.5.3"), // CVE-2023-44487
            entry("org.apache.commons:commons-lang3", "3.18.0"), // CVE-2025-48924
            entry("org.apache.commons:commons-compress", "1.26.0"), // CVE-2024-25710
            entry("commons-io:commons-io", "2.14.0"), // CVE-2024-47554
            entry("org.scala-lang:scala-library", "2.13.9"), // CVE-2022-36944
            entry("com.google.code.gson:gson", "2.8.9")); // CVE-2022-25647

    /** From the pom beside a jar. */
    private record Library(String group, String artifact, String version, String licence, Path jar) {
        private String name() {
            return group + ":" + artifact;
        }

        private String notice() {
            return name() + " " + version + ": " + licence;
        }
    }

    private List<Library> libraries = List.of();

    @BeforeAll
    void readTheClassPath() throws Exception {
        Path classPath = Repository.root().resolve("deploy/target/classpath");
        if (!Files.exists(classPath)) {
            fail(classPath + ": not there; mvn verify writes it");
        }
        List<Library> all = new ArrayList<>();
        for (String jar : Files.readString(classPath).strip().split(":", -1)) {
            all.add(library(Path.of(jar)));
        }
        libraries = all;
    }

    private static Library library(Path jar) throws Exception {
        int names = jar.getNameCount(); // .../artifact/version/artifact-version.jar
        String artifact = jar.getName(names - 3).toString();
        String version = jar.getName(names - 2).toString();
        Element pom = pom(jar.resolveSibling(artifact + "-" + version + ".pom"));
        String group = inherited(pom, "groupId");
        return new Library(group, artifact, version, licence(pom, repository(jar, group)), jar);
    }

    /** A jar lies in the repository below its group, its name and its version. */
    private static Path repository(Path jar, String group) {
        int below = group.split("\\.", -1).length + 3;
        return Path.of("/").resolve(jar.subpath(0, jar.getNameCount() - below));
    }

    private static Element pom(Path file) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(file.toFile())
                .getDocumentElement();
    }

    private static List<Element> children(Node of, String name) {
        return IntStream.range(0, of.getChildNodes().getLength())
                .mapToObj(of.getChildNodes()::item)
                .filter(node -> node.getNodeName().equals(name))
                .map(Element.class::cast)
                .toList();
    }

    private static String text(Element of, String name) {
        return children(of, name).stream()
                .map(element -> element.getTextContent().strip())
                .findFirst()
                .orElse("");
    }

    private static String inherited(Element pom, String name) {
        String own = text(pom, name);
        return own.isEmpty() ? text(children(pom, "parent").get(0), name) : own;
    }

    /** As the pom names it, or a parent's. */
    private static String licence(Element pom, Path repository) throws Exception {
        String licences = children(pom, "licenses").stream()
                .flatMap(all -> children(all, "license").stream())
                .map(licence -> text(licence, "name").replaceAll("\\s+", " "))
                .collect(Collectors.joining(" or "));
        if (!licences.isEmpty()) {
            return licences;
        }
        List<Element> parents = children(pom, "parent");
        if (parents.isEmpty()) {
            return "none";
        }
        Element parent = parents.get(0);
        Path folder = repository
                .resolve(text(parent, "groupId").replace('.', '/'))
                .resolve(text(parent, "artifactId"))
                .resolve(text(parent, "version"));
        return licence(
                pom(folder.resolve(text(parent, "artifactId") + "-" + text(parent, "version") + ".pom")), repository);
    }

    @Test
    void theNoticeNamesEachWithItsVersionAndLicenceAndNoOther() throws IOException {
        List<String> named = Files.readAllLines(Repository.root().resolve("NOTICE")).stream()
                .filter(line -> line.matches("\\S+:\\S+ \\S+: .+"))
                .toList();
        assertThat(named)
                .as("lines of NOTICE, one for each library")
                .containsExactlyElementsOf(libraries.stream()
                        .map(Library::notice)
                        .distinct()
                        .sorted()
                        .toList());
    }

    @Test
    void noLibraryIsThereTwice() throws IOException {
        Map<String, List<String>> versions = libraries.stream()
                .distinct()
                .collect(Collectors.groupingBy(
                        Library::name, TreeMap::new, Collectors.mapping(Library::version, Collectors.toList())));
        assertThat(versions).allSatisfy((name, all) -> assertThat(all).as(name).hasSize(1));
        Map<String, Path> owners = new LinkedHashMap<>();
        List<String> doubles = new ArrayList<>();
        for (Library library : libraries) {
            try (JarFile jar = new JarFile(library.jar().toFile())) {
                jar.stream()
                        .map(entry -> entry.getName())
                        .filter(name -> name.endsWith(".class") && !name.startsWith("META-INF/"))
                        .filter(name -> !name.equals("module-info.class"))
                        .forEach(name -> {
                            Path owner = owners.putIfAbsent(name, library.jar());
                            if (owner != null) {
                                doubles.add(name + " of " + owner + " and " + library.jar());
                            }
                        });
            }
        }
        assertThat(doubles).as("classes that two libraries have").isEmpty();
    }

    @Test
    void noneHasAHoleThatIsKnown() {
        assertThat(libraries)
                .filteredOn(library -> LEAST.containsKey(library.name()))
                .allSatisfy(library -> {
                    String least = LEAST.getOrDefault(library.name(), "");
                    assertThat(least).as("%s is not to be used", library.name()).isNotEqualTo("never");
                    assertThat(Arrays.compare(numbers(library.version()), numbers(least)))
                            .as("%s: at least %s", library.notice(), least)
                            .isNotNegative();
                });
        assertThat(libraries).extracting(Library::name).contains("at.yawk.lz4:lz4-java");
    }

    private static int[] numbers(String version) {
        return Arrays.stream(version.split("[^0-9]+", -1))
                .filter(number -> !number.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
    }
}
