package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole pictures against the pixels that Pillow 13.0.0 has of the same files by {@code convert("RGB")}: libwebp 1.6.0,
 * libjpeg-turbo 3.2.0. The SHA-256 is that of R, G, B of each pixel, row by row.
 */
class CodecsTest {
    @ParameterizedTest
    @CsvSource({
        "alpha-40.webp, 613, 509, c8567760dabbc4699b620a60c19dd95047dddc56f1192b27eb066fb8f1abd410",
        "alpha-85.webp, 531, 503, 3fa8460b10cb634c5c69b714d003d102a77a2e3f86e492cf4c4981038c1bd1e9",
        "animated.png, 53, 45, 593ac7c1b7523486c4408d12fc0cb59e91f7c9dcb3d383dbb8c68f6e09d5ce42",
        "animated.webp, 520, 402, bbeff1a3fb8e0beba8ca56b2fe73ddc810754c07eaa2bf179a449f3087ca7d02",
        "clear-colour.png, 53, 45, 593ac7c1b7523486c4408d12fc0cb59e91f7c9dcb3d383dbb8c68f6e09d5ce42",
        "clear-palette.png, 53, 45, c25cfbb8ea44a79bd1f1488a2ac4329a32484d1fb8ed6b39a5fc376fcd1744bc",
        "cmyk-plain.jpg, 53, 45, c5f657265c3e52b5a9a4a4f3ffffcde04b3f453b9bf97004f6d96f5771ade279",
        "cmyk-progressive.jpg, 53, 45, c5f657265c3e52b5a9a4a4f3ffffcde04b3f453b9bf97004f6d96f5771ade279",
        "exif-7.jpg, 53, 45, 0e247b316729ac3caecbc03b7adbc0878b00b7a67452c652a76e36c682be27bd",
        "exif-7.webp, 53, 45, 56b2b085c2acef053e6fa1a2abe2981652e5c5f8f685cba0cb5845ff2023425e",
        "lossy-5.webp, 613, 509, ce61752962f54e8be3a258743a9351bab59aece18373d3168a8890656c4c7504",
        "lossy-60.webp, 613, 509, 1bbbc179b174797f8fcc5fab9b2262ca537fd27e70e130e383033c3da1b69b60",
        "lossy-95.webp, 613, 509, 3a0aede52605fbe7c58c49365ca14dabc06d4d565ddc4933eb8e13172785a098",
        "near-lossless.webp, 131, 97, 8e8057d36190e577239c5c0be9162f8c06af03f50eb219277c203e93b7053a44",
        "no-jfif.jpg, 53, 45, a51e68d74abbf5778ac2e70d195ce0998819aa97b919872b136225783c11999e",
        "one-bit.png, 53, 45, bce1cdbe7b08d86b1c9f260849dcd274ad71dba9680b1712ac12f162f13c3bed",
        "progressive.jpg, 53, 45, 74a5d6a78920a104b42233bf04b962ff5d5343d9d2b0a2e4306a1e0dd54247ca",
        "restarts.jpg, 53, 45, 74a5d6a78920a104b42233bf04b962ff5d5343d9d2b0a2e4306a1e0dd54247ca",
        "rgb.jpg, 53, 45, c5f657265c3e52b5a9a4a4f3ffffcde04b3f453b9bf97004f6d96f5771ade279",
        "short-palette.png, 53, 45, 149f99a2ae58734e3ea6415df287f4edea3e9b3357250869de0717c819e102dc",
        "sixteen-interlaced.png, 53, 45, 593ac7c1b7523486c4408d12fc0cb59e91f7c9dcb3d383dbb8c68f6e09d5ce42",
        "strange-segments.jpg, 53, 45, a51e68d74abbf5778ac2e70d195ce0998819aa97b919872b136225783c11999e",
        "tall-chroma-progressive.jpg, 53, 45, f87e05cea51961e0f18861ca7c7aeca5e7b8f403ee1e1ee5a7d44f871fc674ba",
        "tall-chroma.jpg, 53, 45, f6fefae4abc244c26ae37f3b70086ce41cd0bfe466252c835284463674ebb78c",
        "three-scans.jpg, 53, 45, 74a5d6a78920a104b42233bf04b962ff5d5343d9d2b0a2e4306a1e0dd54247ca",
        "two-bits.png, 53, 45, 29b8962878998fa0b6fca34cc66460787d59a31c569ca5a88c77fbcfd50dbd47",
        "two-pictures.jpg, 53, 45, 32ad153dc8c1315ee0b7762125b7b791af4d8061e3cfb03c0c936ccb327359fa",
        "ycck.jpg, 53, 45, 3ec1f84b3c188b2fce242c8ff6cc91c8f29034e5162c8e17bc563f020f181034"
    })
    void pixelsAreThoseOfPillow(String name, int width, int height, String sha256) throws IOException {
        Picture picture = decode(PicturesTest.resource("whole/" + name));
        assertThat(picture.width()).isEqualTo(width);
        assertThat(picture.height()).isEqualTo(height);
        assertThat(sha256(picture)).isEqualTo(sha256);
    }

    @ParameterizedTest
    @CsvSource({
        "exif-7.jpg, 1fb94974c114bd72ae5f5a55c1e55c63024389946370045c8f1adb45f819d5a2",
        "exif-7.webp, 3c5d645ce3633a0dd6baa3b3fa16d230610d34eb5a39ee17b45e482986e1bc0e"
    })
    void aTurnedPictureIsThatOfPillowsExifTranspose(String name, String sha256) throws IOException {
        Codecs.Encoded encoded = Codecs.open(PicturesTest.resource("whole/" + name));
        assertThat(encoded.orientation()).isEqualTo(7);
        Picture picture = Codecs.decode(encoded).turned(7);
        assertThat(picture.width()).isEqualTo(45);
        assertThat(sha256(picture)).isEqualTo(sha256);
    }

    /** 1 2 3 over 4 5 6, as ImageOps.exif_transpose turns it, line by line. */
    @ParameterizedTest
    @CsvSource({
        "1, 3, 123456", "2, 3, 321654", "3, 3, 654321", "4, 3, 456123",
        "5, 2, 142536", "6, 2, 415263", "7, 2, 635241", "8, 2, 362514"
    })
    void allEightOrientationsAreThoseOfPillow(int orientation, int width, String values) throws IOException {
        byte[] pixels = {0, 1, 2, 3, 0, 4, 5, 6}; // each line after the byte of its filter
        byte[] exif = tiff(orientation);
        byte[] image = png(3, 2, 8, 0, pixels, exif);
        Codecs.Encoded encoded = Codecs.open(image);
        assertThat(encoded.orientation()).isEqualTo(orientation);
        Picture picture = Codecs.decode(encoded).turned(encoded.orientation());
        assertThat(picture.width()).isEqualTo(width);
        StringBuilder read = new StringBuilder();
        int[] line = new int[width];
        for (int y = 0; y < picture.height(); y++) {
            picture.line(y, line);
            Arrays.stream(line).forEach(value -> read.append(value & 0xff));
        }
        assertThat(read).hasToString(values);
    }

    @Test
    void anExifStructureThatLeadsNowhereTurnsNothing() throws IOException {
        byte[] whole = tiff(6);
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] = (byte) 0xff;
            assertThat(orientation(damaged, damaged.length)).isBetween(1, 8);
            assertThat(orientation(whole, i)).isEqualTo(i < 22 ? 1 : 6); // the entry ends there
        }
    }

    private static int orientation(byte[] exif, int size) {
        Orientation orientation = new Orientation();
        orientation.exif(exif, 0, size);
        return orientation.value();
    }

    @Test
    void xmpTellsTheOrientationWhereExifDoesNot() {
        byte[] xmp = "<rdf:Description tiff:Orientation=\"8\"/>".getBytes(StandardCharsets.US_ASCII);
        Orientation orientation = new Orientation();
        orientation.xmp(xmp, 0, xmp.length);
        assertThat(orientation.value()).isEqualTo(8);
        orientation.exif(tiff(3), 0, 26);
        assertThat(orientation.value()).isEqualTo(3);
    }

    @Test
    void noDamageOfAPngIsTakenForData() throws IOException {
        byte[] whole = Shards.png(16, 16, 0x123456);
        assertThatCode(() -> decode(whole)).doesNotThrowAnyException();
        for (int i = 0; i < whole.length; i++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] damaged = whole.clone();
                damaged[i] ^= (byte) (1 << bit);
                assertThatThrownBy(() -> decode(damaged))
                        .as("bit %d of byte %d", bit, i)
                        .isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void thePixelsOfAPngMustBeAllThereAndHaveTheirChecksum() throws IOException {
        byte[] rows = new byte[4 * 4];
        byte[] whole = png(3, 4, 8, 0, rows);
        assertThatCode(() -> decode(whole)).doesNotThrowAnyException();
        assertThatCode(() -> decode(Arrays.copyOf(whole, whole.length - 12))) // Pillow takes that: the pixels are there
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> decode(png(3, 5, 8, 0, rows))).hasMessageContaining("16 of 20 bytes of pixels");
        byte[] deflated = deflated(rows);
        deflated[deflated.length - 1] ^= 1;
        assertThatThrownBy(() -> decode(pngOf(3, 4, 8, 0, deflated))).hasMessageContaining("compressed pixels");
    }

    @Test
    void aJpegThatEndsBetweenScansIsRefused() throws IOException {
        byte[] whole = progressive();
        List<Integer> scans = new ArrayList<>();
        for (int i = 0; i + 1 < whole.length; i++) {
            if (whole[i] == (byte) 0xff && whole[i + 1] == (byte) 0xda) {
                scans.add(i);
            }
        }
        assertThat(scans).hasSizeGreaterThan(5);
        for (int scan : scans.subList(1, scans.size())) {
            byte[] cut = Arrays.copyOf(whole, scan);
            assertThatThrownBy(() -> decode(cut)).hasMessageContaining("cut before its end");
            byte[] closed = Arrays.copyOf(cut, scan + 2);
            closed[scan] = (byte) 0xff;
            closed[scan + 1] = (byte) 0xd9;
            assertThatThrownBy(() -> decode(closed)).hasMessageContaining("scans are missing");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"restarts.jpg", "progressive.jpg", "three-scans.jpg", "ycck.jpg", "exif-7.webp"})
    void aPictureThatIsCutAnywhereIsRefused(String name) throws IOException {
        byte[] whole = PicturesTest.resource("whole/" + name);
        for (int size = 0; size < whole.length; size += 7) {
            byte[] cut = Arrays.copyOf(whole, size);
            assertThatThrownBy(() -> decode(cut)).as("%d bytes", size).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aJpegWhoseScansRepeatCostsNoDecoder() throws IOException {
        byte[] whole = progressive();
        int last = whole.length - 2;
        while (whole[last] != (byte) 0xff || whole[last + 1] != (byte) 0xda) {
            last--;
        }
        byte[] scan = Arrays.copyOfRange(whole, last, whole.length - 2);
        ByteArrayOutputStream repeated = new ByteArrayOutputStream();
        repeated.write(whole, 0, whole.length - 2);
        repeated.writeBytes(scan);
        repeated.write(whole, whole.length - 2, 2);
        assertThatThrownBy(() -> Codecs.open(repeated.toByteArray())).hasMessageContaining("do not follow");
    }

    @Test
    void damagedRestartMarkersAreRefused() throws IOException {
        byte[] image = PicturesTest.resource("whole/restarts.jpg");
        for (int i = 0; i < image.length; i++) {
            if (image[i] == (byte) 0xff && image[i + 1] == (byte) 0xd1) {
                image[i + 1] = (byte) 0xd5;
                break;
            }
        }
        assertThatThrownBy(() -> decode(image)).hasMessageContaining("instead of RST1");
    }

    @Test
    void headersThatDoNotFitTheirFrameAreRefusedBeforeDecoding() throws IOException {
        byte[] webp = PicturesTest.resource("whole/exif-7.webp");
        webp[29] = 4; // the canvas' height: 44 + 4 * 65536, less one
        assertThatThrownBy(() -> Codecs.open(webp))
                .hasMessage("the picture is broken (its header says 53 x 262189 pixels, its frame 53 x 45)");
        byte[] jpeg = PicturesTest.resource("whole/restarts.jpg");
        for (int i = 0; i < jpeg.length; i++) {
            if (jpeg[i] == (byte) 0xff && jpeg[i + 1] == (byte) 0xc0) {
                ByteBuffer.wrap(jpeg).putShort(i + 5, (short) 65000).putShort(i + 7, (short) 65000);
                break;
            }
        }
        assertThatThrownBy(() -> Codecs.open(jpeg)).hasMessageContaining("cannot hold 65000 x 65000 pixels");
    }

    @Test
    void anErrorInADecoderIsNoPropertyOfThePicture() {
        assertThatThrownBy(() -> Codecs.decode(failing(
                        new IIOException("Caught exception during read: ", new OutOfMemoryError("Java heap space")))))
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("Java heap space");
        assertThatThrownBy(() -> Codecs.decode(failing(new IIOException("Insufficient memory (case 4)"))))
                .isInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> Codecs.decode(failing(new IOException(new NoClassDefFoundError("a/Class")))))
                .isInstanceOf(NoClassDefFoundError.class);
        assertThatThrownBy(() -> Codecs.decode(failing(new IIOException("Bogus marker\nlength"))))
                .isInstanceOf(IOException.class)
                .hasMessage("the picture is broken (Bogus marker length)");
    }

    @Test
    void whatDecodingTakesIsToldByTheHeader() throws IOException {
        assertThat(bytesOf(png(1000, 1000, 16, 2, new byte[1000 * 6001]))).isBetween(6_000_000L, 6_100_000L);
        assertThat(bytesOf(png(1000, 1000, 1, 0, new byte[1000 * 126]))).isBetween(125_000L, 130_000L);
        assertThat(bytesOf(PicturesTest.resource("whole/restarts.jpg"))).isBetween(3L * 53 * 45, 3L * 53 * 45 + 2000);
        long coefficients = 64 * 3 * 7 * 6;
        assertThat(bytesOf(PicturesTest.resource("whole/no-jfif.jpg"))).isBetween(3L * 53 * 45, 3L * 53 * 45 + 3000);
        assertThat(bytesOf(PicturesTest.resource("whole/cmyk-progressive.jpg")))
                .isBetween(4L * 53 * 45 + 2 * coefficients / 3 * 4, 4L * 53 * 45 + 2 * coefficients / 3 * 4 + 5000);
        assertThat(bytesOf(PicturesTest.resource("whole/alpha-40.webp"))).isBetween(4L * 613 * 509, 5L * 613 * 509);
        assertThat(bytesOf(PicturesTest.resource("whole/near-lossless.webp"))).isBetween(8L * 131 * 97, 9L * 131 * 97);
    }

    /** As libjpeg-turbo blends rows of chroma that are half as many as those of luma. */
    @Test
    void doubledRowsOfChromaAreBlended() {
        BufferedImage image = new BufferedImage(1, 5, BufferedImage.TYPE_BYTE_GRAY);
        Raster raster = image.getRaster();
        for (int y = 0; y < 5; y++) {
            image.getRaster().setSample(0, y, 0, new int[] {10, 50, 200}[y / 2]);
        }
        ChromaRows.blend(raster, 0);
        assertThat(raster.getSamples(0, 0, 1, 5, 0, (int[]) null)).containsExactly(10, 20, 40, 88, 162);
    }

    private static long bytesOf(byte[] image) throws IOException {
        return Codecs.open(image).decodeBytes();
    }

    private static Codecs.Encoded failing(IOException failure) {
        return new Codecs.Encoded() {
            @Override
            public PictureFormat format() {
                return PictureFormat.PNG;
            }

            @Override
            public int width() {
                return 1;
            }

            @Override
            public int height() {
                return 1;
            }

            @Override
            public long decodeBytes() {
                return 1;
            }

            @Override
            public int orientation() {
                return 1;
            }

            @Override
            public Picture decode() throws IOException {
                throw failure;
            }
        };
    }

    private static Picture decode(byte[] image) throws IOException {
        return Codecs.decode(Codecs.open(image));
    }

    static String sha256(Picture picture) {
        byte[] rgb = new byte[3 * picture.width()];
        int[] line = new int[picture.width()];
        MessageDigest digest = Sha256.newDigest();
        for (int y = 0; y < picture.height(); y++) {
            picture.line(y, line);
            for (int x = 0; x < line.length; x++) {
                rgb[3 * x] = (byte) (line[x] >> 16);
                rgb[3 * x + 1] = (byte) (line[x] >> 8);
                rgb[3 * x + 2] = (byte) line[x];
            }
            digest.update(rgb);
        }
        return Sha256.hex(digest);
    }

    /** A structure of EXIF with nothing but an orientation. */
    private static byte[] tiff(int orientation) {
        return ByteBuffer.allocate(26)
                .put("MM\0*".getBytes(StandardCharsets.US_ASCII))
                .putInt(8)
                .putShort((short) 1)
                .putShort((short) 0x112)
                .putShort((short) 3)
                .putInt(1)
                .putShort((short) orientation)
                .putShort((short) 0)
                .putInt(0)
                .array();
    }

    static byte[] png(int width, int height, int depth, int type, byte[] rows) {
        return pngOf(width, height, depth, type, deflated(rows));
    }

    private static byte[] png(int width, int height, int depth, int type, byte[] rows, byte[] exif) {
        byte[] plain = png(width, height, depth, type, rows);
        byte[] chunk = chunk("eXIf", exif);
        return ByteBuffer.allocate(plain.length + chunk.length)
                .put(plain, 0, 33)
                .put(chunk)
                .put(plain, 33, plain.length - 33)
                .array();
    }

    private static byte[] pngOf(int width, int height, int depth, int type, byte[] deflated) {
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put((byte) depth).put((byte) type);
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        png.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        png.writeBytes(chunk("IHDR", header.array()));
        png.writeBytes(chunk("IDAT", deflated));
        png.writeBytes(chunk("IEND", new byte[0]));
        return png.toByteArray();
    }

    private static byte[] chunk(String name, byte[] content) {
        ByteBuffer chunk = ByteBuffer.allocate(12 + content.length).putInt(content.length);
        chunk.put(name.getBytes(StandardCharsets.US_ASCII)).put(content);
        CRC32 crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + content.length);
        return chunk.putInt((int) crc.getValue()).array();
    }

    private static byte[] deflated(byte[] rows) {
        Deflater deflater = new Deflater();
        deflater.setInput(rows);
        deflater.finish();
        byte[] out = new byte[rows.length + 100];
        int size = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, size);
    }

    private static byte[] progressive() throws IOException {
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64 * 48; i++) {
            image.setRGB(i % 64, i / 64, 0x030507 * i);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setProgressiveMode(ImageWriteParam.MODE_DEFAULT);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
