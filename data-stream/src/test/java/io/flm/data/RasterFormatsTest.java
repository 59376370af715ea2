package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.flm.data.raster.UnreadException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** GIF, BMP and TIFF against the pixels that Pillow has of the same files; {@code raster/make.py} made both. */
class RasterFormatsTest {
    @ParameterizedTest
    @CsvFileSource(resources = "raster/pixels.csv")
    void pixelsAreThoseOfPillow(String name, int width, int height, String sha256) throws IOException {
        Picture picture = decode(resource(name));
        assertThat(picture.width()).isEqualTo(width);
        assertThat(picture.height()).isEqualTo(height);
        assertThat(CodecsTest.sha256(picture)).isEqualTo(sha256);
    }

    @Test
    void aTiffSaysItsFormatAndItsOrientation() throws IOException {
        Codecs.Encoded turned = Codecs.open(resource("turned.tif"));
        assertThat(turned.format()).isEqualTo(PictureFormat.TIFF);
        assertThat(turned.orientation()).isEqualTo(6);
        assertThat(Codecs.open(resource("raw.tif")).orientation()).isEqualTo(1);
    }

    /** Where bytes behind the pixels are cut off, the picture is whole; else it is refused. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "interlaced.gif",
                "on-canvas.gif",
                "palette-4.bmp",
                "os2-1.bmp",
                "runs-4.bmp",
                "runs-8.bmp",
                "masks.bmp",
                "tiff_lzw.tif",
                "packbits.tif",
                "big-16.tif",
                "little-tiles.tif",
                "one-bit.tif"
            })
    void aPictureThatIsCutIsRefusedOrWhole(String name) throws IOException {
        byte[] whole = resource(name);
        String sha256 = CodecsTest.sha256(decode(whole));
        int refused = 0;
        for (int size = 0; size < whole.length; size++) {
            byte[] cut = Arrays.copyOf(whole, size);
            try {
                assertThat(CodecsTest.sha256(decode(cut))).as("%d bytes", size).isEqualTo(sha256);
            } catch (IOException e) {
                refused++;
                assertThat(e.getMessage()).doesNotContain("Exception", "\n");
            }
        }
        assertThat(refused).isGreaterThan(whole.length * 9 / 10);
    }

    /** Never any other exception, nor an endless loop; what memory it would take is known before it is taken. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "interlaced.gif",
                "beyond-canvas.gif",
                "palette-4.bmp",
                "runs-4.bmp",
                "runs-8.bmp",
                "five-bits.bmp",
                "masks.bmp",
                "tiff_lzw.tif",
                "packbits.tif",
                "big-16.tif",
                "little-tiles.tif",
                "multiplied.tif",
                "cmyk.tif"
            })
    @Timeout(60)
    void aDamagedPictureIsRefusedInOneLineOrDecoded(String name) throws IOException {
        byte[] whole = resource(name);
        SplittableRandom random = new SplittableRandom(5);
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = whole.clone();
            for (int k = 1 + random.nextInt(3); k > 0; k--) {
                // Heads and tails, where the numbers are that lead somewhere.
                int place = random.nextInt(Math.min(300, whole.length));
                place = random.nextBoolean() ? place : whole.length - 1 - place;
                damaged[place] = random.nextBoolean() ? (byte) (damaged[place] ^ 1 << random.nextInt(8)) : (byte) -1;
            }
            try {
                Codecs.Encoded encoded = Codecs.open(damaged);
                if (encoded.decodeBytes() < 32 << 20) {
                    Codecs.decode(encoded);
                }
            } catch (IOException e) {
                refused++;
                assertThat(e.getMessage()).doesNotContain("Exception", "\n");
            }
        }
        assertThat(refused).isPositive();
    }

    @Test
    void whatDecodingTakesIsToldByTheHeader() throws IOException {
        assertThat(bytesOf("plain.gif")).isBetween(5L * 41 * 23, 5L * 41 * 23 + 5000);
        assertThat(bytesOf("runs-8.bmp")).isBetween(5L * 41 * 23, 5L * 41 * 23 + 3000);
        assertThat(bytesOf("raw.tif")).isBetween(4L * 41 * 23, 4L * 41 * 23 + 4000);
        assertThat(bytesOf("tiff_lzw.tif")).isBetween(7L * 41 * 23, 7L * 41 * 23 + 4000);
    }

    @Test
    void aSmallFileThatClaimsManyPixelsIsRefusedBeforeTheyAreAllocated() throws IOException {
        Pictures pictures = Pictures.with(PictureSettings.from(ConfigFactory.load()));
        byte[] gif = resource("plain.gif");
        ByteBuffer.wrap(gif)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(6, (short) 12000)
                .putShort(8, (short) 12000);
        assertThatThrownBy(() -> pictures.decode(gif, 16))
                .hasMessage("12000 x 12000 pixels need 550 MiB, more than flm.data.picture-memory = 192 MiB");
        ByteBuffer.wrap(gif)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(6, (short) -1)
                .putShort(8, (short) -1);
        assertThatThrownBy(() -> pictures.decode(gif, 16)).hasMessage("65535 x 65535 pixels are too many");
        byte[] bmp = resource("runs-8.bmp");
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(18, 12000).putInt(22, 12000);
        assertThatThrownBy(() -> pictures.decode(bmp, 16)).hasMessageContaining("pixels need 687 MiB");
    }

    @Test
    void manyLargeTilesOfANarrowPictureAreRefused() throws IOException {
        byte[] tiff = tiff(1, 8 << 20, 1 << 14, 1 << 14);
        assertThatThrownBy(() -> Codecs.open(tiff))
                .hasMessage("the picture is broken (1 x 8388608 pixels in parts of 16384 x 16384 are too many)");
    }

    @Test
    void aTiffWhosePartsAreOneAnotherIsRefused() {
        byte[] tiff = tiff(1_000, 1_000, 1, 1);
        assertThatThrownBy(() -> Codecs.open(tiff))
                .hasMessageMatching(
                        "the picture is broken \\(no valid directory: its 1000000 parts have \\d+ bytes together,"
                                + " and the file " + tiff.length + "\\)");
    }

    @ParameterizedTest
    @CsvSource({
        "0000001cftypavif, AVIF",
        "00000018ftypheic, HEIC",
        "00000018ftypmif1, HEIC",
        "8BPS0001, Photoshop",
        "%PDF-1.4, PDF",
        "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>, SVG"
    })
    void aFormatThatIsNotReadIsNamed(String file, String name) {
        byte[] bytes = (file.startsWith("0000") ? "\0\0\0\034" + file.substring(8) : file)
                .getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> Codecs.open(bytes))
                .isInstanceOf(UnreadException.class)
                .hasMessage(name + " pictures are not read; convert them to PNG, JPEG or WebP");
    }

    @Test
    void aTiffOfAKindThatIsNotReadIsNamed() throws IOException {
        byte[] jpeg = resource("raw.tif");
        set(jpeg, 259, 7);
        assertThatThrownBy(() -> Codecs.open(jpeg))
                .isInstanceOf(UnreadException.class)
                .hasMessage("TIFF packed by JPEG pictures are not read; convert them to PNG, JPEG or WebP");
        byte[] lab = resource("raw.tif");
        set(lab, 262, 8);
        assertThatThrownBy(() -> Codecs.open(lab)).hasMessageStartingWith("TIFF of photometric interpretation 8");
        byte[] big = resource("raw.tif");
        big[2] = 43;
        assertThatThrownBy(() -> Codecs.open(big)).hasMessageStartingWith("BigTIFF");
        assertThatThrownBy(() -> Codecs.open("\n<!DOCTYPE html><title>404".getBytes(StandardCharsets.US_ASCII)))
                .hasMessage("a page of HTML, no picture");
        assertThatCode(() -> Codecs.open(resource("raw.tif"))).doesNotThrowAnyException();
    }

    /** Sets the number of a tag in a little-endian directory. */
    private static void set(byte[] tiff, int tag, int value) {
        ByteBuffer bytes = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
        int at = bytes.getInt(4);
        for (int i = at + 2; i < at + 2 + 12 * bytes.getShort(at); i += 12) {
            if (bytes.getShort(i) == tag) {
                bytes.putShort(i + 8, (short) value);
                return;
            }
        }
        throw new IllegalArgumentException("no tag " + tag);
    }

    /** Grey, deflated, with tiles that all lie at the same place. */
    private static byte[] tiff(int width, int height, int tileWidth, int tileHeight) {
        int tiles = (width + tileWidth - 1) / tileWidth * ((height + tileHeight - 1) / tileHeight);
        int[][] tags = {
            {256, 1, width},
            {257, 1, height},
            {258, 1, 8},
            {259, 1, 8},
            {262, 1, 1},
            {322, 1, tileWidth},
            {323, 1, tileHeight},
            {324, tiles, 8},
            {325, tiles, 8}
        };
        ByteBuffer file = ByteBuffer.allocate(10 + 12 * tags.length + 4 * tiles).order(ByteOrder.LITTLE_ENDIAN);
        file.put("II*\0".getBytes(StandardCharsets.US_ASCII)).putInt(8).putShort((short) tags.length);
        for (int[] tag : tags) {
            file.putShort((short) tag[0]).putShort((short) 4).putInt(tag[1]).putInt(tag[2]);
        }
        return file.array();
    }

    private static long bytesOf(String name) throws IOException {
        return Codecs.open(resource(name)).decodeBytes();
    }

    private static Picture decode(byte[] image) throws IOException {
        return Codecs.decode(Codecs.open(image));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(RasterFormatsTest.class.getResourceAsStream("raster/" + name))) {
            return in.readAllBytes();
        }
    }
}
