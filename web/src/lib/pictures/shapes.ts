export type PictureKind = 'profile' | 'cover' | 'logo';

interface Shape {
  /** Width ÷ height of what is cut out. */
  readonly ratio: number;
  /** Whether people see the middle of it, in an oval. */
  readonly oval: boolean;
  /** Of which size the picture that is shown now is asked for; the server has a few. */
  readonly size: number | null;
  /** What it is called in a sentence. */
  readonly name: string;
  /** What it is for. */
  readonly about: string;
  /** What is left once it is removed. */
  readonly without: string;
}

export const shapes: Readonly<Record<PictureKind, Shape>> = {
  profile: {
    ratio: 1,
    oval: true,
    size: 512,
    name: 'picture',
    about: 'It stands beside your name, and anyone can see it.',
    without: 'Your initials stand in its place.',
  },
  cover: {
    ratio: 3,
    oval: false,
    size: null,
    name: 'cover',
    about: 'A wide picture that goes with your name. Anyone can see it.',
    without: 'Nothing stands in its place.',
  },
  logo: {
    ratio: 1,
    oval: false,
    size: 512,
    name: 'logo',
    about: 'It stands beside the name of the organization, and anyone can see it.',
    without: 'The initials of the organization stand in its place.',
  },
};

/** What a picture is to be made of, and where the browser finds it: a file, or a photo of one's own. */
export type PictureSource = { src: string; name: string } & ({ file: File } | { photoId: string });
