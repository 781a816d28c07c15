/**
 * The Phosphor icons in use (regular; `…On` is the fill weight and means "on" or "here"). Only those imported by a page reach its bundle.
 * @module
 */

export { default as heartOn } from '@phosphor-icons/core/fill/heart-fill.svg?icon';
export { default as imageOn } from '@phosphor-icons/core/fill/image-fill.svg?icon';
export { default as trashOn } from '@phosphor-icons/core/fill/trash-fill.svg?icon';
export { default as caretRight } from '@phosphor-icons/core/regular/caret-right.svg?icon';
export { default as check } from '@phosphor-icons/core/regular/check.svg?icon';
export { default as copy } from '@phosphor-icons/core/regular/copy.svg?icon';
export { default as devices } from '@phosphor-icons/core/regular/desktop.svg?icon';
export { default as phone } from '@phosphor-icons/core/regular/device-mobile.svg?icon';
export { default as eye } from '@phosphor-icons/core/regular/eye.svg?icon';
export { default as eyeOff } from '@phosphor-icons/core/regular/eye-slash.svg?icon';
export { default as gear } from '@phosphor-icons/core/regular/gear-six.svg?icon';
export { default as heart } from '@phosphor-icons/core/regular/heart.svg?icon';
export { default as image } from '@phosphor-icons/core/regular/image.svg?icon';
export { default as key } from '@phosphor-icons/core/regular/key.svg?icon';
export { default as keyboard } from '@phosphor-icons/core/regular/keyboard.svg?icon';
export { default as search } from '@phosphor-icons/core/regular/magnifying-glass.svg?icon';
export { default as monitor } from '@phosphor-icons/core/regular/monitor.svg?icon';
export { default as moon } from '@phosphor-icons/core/regular/moon.svg?icon';
export { default as signOut } from '@phosphor-icons/core/regular/sign-out.svg?icon';
export { default as sun } from '@phosphor-icons/core/regular/sun.svg?icon';
export { default as trash } from '@phosphor-icons/core/regular/trash.svg?icon';
export { default as upload } from '@phosphor-icons/core/regular/upload-simple.svg?icon';
export { default as users } from '@phosphor-icons/core/regular/users.svg?icon';
export { default as warning } from '@phosphor-icons/core/regular/warning.svg?icon';
export { default as warningCircle } from '@phosphor-icons/core/regular/warning-circle.svg?icon';
export { default as x } from '@phosphor-icons/core/regular/x.svg?icon';
